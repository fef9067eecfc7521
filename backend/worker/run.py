"""The worker process: the dispatcher in the foreground, media, webhooks and jobs beside it, an orderly end."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from datetime import timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from backend.catalog.media import FINGERPRINT
from backend.exports import work as export_work
from backend.exports import workshop as exporting
from backend.exports.making import make
from backend.exports.runner import ExportRunner
from backend.media.making import Workshop
from backend.media.planner import Planner
from backend.media.runner import MediaRunner
from backend.media.work import Allowance
from backend.metrics import process as metrics
from backend.outbox.dispatch import Dispatcher
from backend.services import Services
from backend.webhooks.courier import Courier
from backend.worker.jobs import Job, jobs

# What the end itself takes after the deliveries had their time, so that all is over within STOP_SECONDS.
_END_SECONDS = 5
_JOBS_SECONDS = 1.0
_WEBHOOK_SECONDS = 1.0
_TIDY_SECONDS = 60
_BEAT_SECONDS = 5


def run_worker(services: Services) -> None:
    """Run until SIGTERM or SIGINT; what moves gets STOP_SECONDS to finish."""
    metrics.begin(services)
    metrics.beat()
    dispatcher = Dispatcher(
        database=services.database,
        layout=services.layout,
        places=services.places,
        log=services.log,
        node=services.settings.node_name,
        stop_seconds=max(1.0, services.settings.stop_seconds - _END_SECONDS),
    )
    media, exports, courier = _media(services), _exports(services), _courier(services)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: dispatcher.ask_to_stop())
    scheduler = _scheduler(services, dispatcher, courier)
    courier.start()
    if services.settings.media_jobs:
        media.start()
    if services.settings.export_jobs:
        exports.start()
    services.log.write("info", "worker_up", targets=",".join(services.places.by_name) or "none")
    try:
        dispatcher.run()
    finally:
        scheduler.shutdown(wait=False)
        courier.ask_to_stop()
        exports.ask_to_stop()
        media.finish()
        exports.finish()
        finished = dispatcher.finish()
        finished = courier.finish(_WEBHOOK_SECONDS) and finished
        services.log.write("info", "worker_down")
        services.close()
    if not finished or _still_busy():
        # Python would wait for those threads. The ledger has taken back what they hold, and jobs begin again.
        os._exit(0)


def _media(services: Services) -> MediaRunner:
    settings, layout, database = services.settings, services.layout, services.database
    workshop = Workshop(
        layout=layout,
        database=database,
        restorer=services.restorer,
        tools=services.tools,
        allowance=Allowance(settings.ffmpeg_threads, settings.media_memory_bytes, settings.media_max_hours * 3600),
        log=services.log,
        reserve_bytes=settings.min_free_bytes,
        afterwards={FINGERPRINT: services.likeness.take},
    )
    return MediaRunner(
        database=database,
        planner=Planner(database, layout),
        workshop=workshop,
        log=services.log,
        node=settings.node_name,
        jobs_per_lane=settings.media_jobs,
    )


def _exports(services: Services) -> ExportRunner:
    settings, layout, database = services.settings, services.layout, services.database
    longest = settings.media_max_hours * 3600
    workshop = exporting.Workshop(
        layout=layout,
        database=database,
        restorer=services.restorer,
        tools=services.tools,
        allowance=export_work.Allowance(settings.ffmpeg_threads, settings.media_memory_bytes, longest),
        signer=services.signer,
        log=services.log,
        node=settings.node_name,
        reserve_bytes=settings.min_free_bytes,
        make_files=make,
        bucket=services.exports.bucket,
    )
    return ExportRunner(database, workshop, services.log, settings.node_name, settings.export_jobs)


def _courier(services: Services) -> Courier:
    keep = timedelta(days=services.settings.events_days)
    return Courier(services.database, services.log, services.session_secret, keep)


def _still_busy() -> bool:
    """Give the scheduled jobs that run a moment too; True when one goes on."""
    end = time.monotonic() + _JOBS_SECONDS
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                return True
    return False


def _scheduler(services: Services, dispatcher: Dispatcher, courier: Courier) -> BackgroundScheduler:
    """Schedules live in memory; the work itself is in the database, so a lost tick loses nothing."""
    # It would say every second that a slow probe is still running.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    table = [
        *jobs(services, dispatcher),
        Job("tidy webhooks", _TIDY_SECONDS, courier.tidy, services, at_once=True),
        Job("give a sign of life", _BEAT_SECONDS, metrics.beat, services, at_once=True),
    ]
    scheduler = BackgroundScheduler(
        # A thread for each: those that read a large copy back, or hang in their target, make no other wait.
        executors={"default": ThreadPoolExecutor(len(table))},
        job_defaults={"coalesce": True, "max_instances": 1},
        timezone="UTC",
    )
    for job in table:
        scheduler.add_job(job.run, "interval", seconds=job.every_seconds, id=job.name, next_run_time=job.first_run())
    scheduler.start()
    return scheduler
