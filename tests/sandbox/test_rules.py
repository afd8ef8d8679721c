"""The pretend Mews follows the documented rules, through either door."""

import json
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from mews_frames._sandbox.values import Request
from tests.sandbox.conftest import ACCESS_TOKEN, CLIENT_TOKEN, ENVELOPE, POSTED
from mews_frames.testing import FakeClock
