"""What a user would run instead: one program per library, all on the same weights."""
