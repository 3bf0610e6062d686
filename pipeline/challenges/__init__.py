"""What a finding must withstand: each file asks one hard question of an estimate."""
