"""The Simple API: pages to candidates, and the fetching of them."""
