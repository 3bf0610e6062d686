"""How often the estimators are right, over many made-up Englands and real schools."""
