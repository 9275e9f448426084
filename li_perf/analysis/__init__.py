"""Pure: SQL texts and functions of values; neither awaits, opens, logs nor asks the time."""
