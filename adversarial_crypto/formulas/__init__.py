"""Floor 1: the formulas of the field, pure functions of tensors; nothing here knows a game."""
