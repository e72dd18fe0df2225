"""What happens to accounts: they are opened, entered, secured and closed."""
