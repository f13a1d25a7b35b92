"""What each domain is judged by: the shapes here, a folder for each domain below."""
