"""Numbers that know no paper: random bits, replica layers, Adam and statistics."""
