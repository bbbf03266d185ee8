from app.services.email.base import EmailProvider

__all__ = ["EmailProvider"]
