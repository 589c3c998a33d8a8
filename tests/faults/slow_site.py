"""The product's web, where the test says after how many seconds a slow client is cut off."""

import os

from config import web_worker
from config.wsgi import application as application

web_worker.SLOW_CLIENT_S = web_worker.LEAST_S = float(os.environ["SLOW_CLIENT_S"])
