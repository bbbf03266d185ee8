class EmailProvider:
    pass
