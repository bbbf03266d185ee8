#!/usr/bin/env python
# -*- coding: utf-8 -*-
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "dÉmo"


settings = Settings()
