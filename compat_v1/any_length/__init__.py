"""The post's exercise: its cell on sequences of any length."""
