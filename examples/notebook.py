# %% [markdown]
# # Logging from a notebook
# A notebook is not started with `opentelemetry-instrument`: the first cell switches aegis-otel on. A script can too.

# %%
import logging

import aegis_otel

aegis_otel.configure(service="notebook", level="info", console_enabled=True, file_enabled=False)
log = logging.getLogger("analysis")

# %%
with aegis_otel.correlation_scope() as run:
    log.info("rows loaded", extra={"rows": 1_200, "password": "never leaves this process"})
    log.warning("rows without a date", extra={"rows": 7})

# %%
# True: what is above has arrived, or waits on this machine's disk for the Collector.
print("safe:", aegis_otel.flush(timeout=10), "· find it with: aegis-otel logs --correlation-id", run)
