"""Lists and small pictures of what a model can dream, made in a process of their own."""
