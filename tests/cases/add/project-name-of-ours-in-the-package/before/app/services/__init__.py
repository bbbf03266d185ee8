cache = {"title": "demo"}
