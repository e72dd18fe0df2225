"""Ways to a customer: each adapter hands messages to one kind of provider."""
