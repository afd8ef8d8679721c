"""What people see in notebooks and terminals."""
