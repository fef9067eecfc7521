"""The worker process: the dispatcher in the foreground, scheduled jobs beside it, an orderly end on SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time

from apscheduler.schedulers.background import BackgroundScheduler

from backend.outbox.dispatch import Dispatcher
from backend.services import Services
from backend.worker.jobs import jobs

# What the end itself takes after the deliveries had their time, so that all is over within STOP_SECONDS.
_END_SECONDS = 5
_JOBS_SECONDS = 1.0


def run_worker(services: Services) -> None:
    """Run until SIGTERM or SIGINT; what moves gets STOP_SECONDS to finish."""
    dispatcher = Dispatcher(
        database=services.database,
        layout=services.layout,
        places=services.places,
        log=services.log,
        node=services.settings.node_name,
        stop_seconds=max(1.0, services.settings.stop_seconds - _END_SECONDS),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: dispatcher.ask_to_stop())
    scheduler = _scheduler(services, dispatcher)
    services.log.write("info", "worker_up", targets=",".join(services.places.by_name) or "none")
    try:
        dispatcher.run()
    finally:
        scheduler.shutdown(wait=False)
        finished = dispatcher.finish()
        services.log.write("info", "worker_down")
        services.close()
    if not finished or _still_busy():
        # Python would wait for those threads. The ledger has taken back what they hold, and jobs begin again.
        os._exit(0)


def _still_busy() -> bool:
    """Give the scheduled jobs that run a moment too; True when one goes on."""
    end = time.monotonic() + _JOBS_SECONDS
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                return True
    return False


def _scheduler(services: Services, dispatcher: Dispatcher) -> BackgroundScheduler:
    """Schedules live in memory; the work itself is in the database, so a lost tick loses nothing."""
    # It would say every second that a slow probe is still running.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
    for job in jobs(services, dispatcher):
        scheduler.add_job(job.run, "interval", seconds=job.every_seconds, id=job.name, next_run_time=job.first_run())
    scheduler.start()
    return scheduler
