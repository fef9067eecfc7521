"""The worker process: the dispatcher in the foreground, scheduled jobs beside it, an orderly end on SIGTERM."""

from __future__ import annotations

import signal
import threading

from apscheduler.schedulers.background import BackgroundScheduler

from backend.outbox.deliver import Deliverer
from backend.outbox.dispatch import Dispatcher
from backend.services import Services
from backend.worker.jobs import jobs


def run_worker(services: Services) -> None:
    """Run until SIGTERM or SIGINT; what moves gets STOP_SECONDS to finish."""
    stop = threading.Event()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    dispatcher = Dispatcher(
        database=services.database,
        places=services.places,
        deliverer=Deliverer(services.database, services.layout, services.log),
        log=services.log,
        node=services.settings.node_name,
        stop=stop,
        stop_seconds=max(1.0, services.settings.stop_seconds - 5),
    )
    scheduler = _scheduler(services, dispatcher)
    services.log.write("info", "worker_up", targets=",".join(services.places.by_name) or "none")
    try:
        dispatcher.run()
    finally:
        scheduler.shutdown(wait=False)
        services.log.write("info", "worker_down")
        services.close()


def _scheduler(services: Services, dispatcher: Dispatcher) -> BackgroundScheduler:
    """Schedules live in memory; the work itself is in the database, so a lost tick loses nothing."""
    scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
    for job in jobs(services, dispatcher):
        scheduler.add_job(job.run, "interval", seconds=job.every_seconds, id=job.name, next_run_time=job.first_run())
    scheduler.start()
    return scheduler
