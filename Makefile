# coupon-rush. `make help` lists the targets; README.md tells the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

PYTHON ?= /usr/bin/python3
# A build variant is a folder: build, build/test (failpoints), build/asan, build/tsan, build/fuzz.
BUILD ?= build
VERSION := 0.1.0

# hiredis has TLS from 1.0 on, in a library of its own.
REDIS_TLS := $(shell pkg-config --exists hiredis_ssl 2>/dev/null && echo hiredis_ssl)
PACKAGES := rdkafka libevent libevent_pthreads hiredis $(REDIS_TLS) openssl libcjson jansson libsodium libcurl cjose
MYSQL := $(shell pkg-config --exists mysqlclient 2>/dev/null && echo mysqlclient || echo libmariadb)
# llhttp is a library where the distribution has one, else the C sources of node-llhttp.
LLHTTP := $(shell pkg-config --exists libllhttp 2>/dev/null && echo libllhttp)
LLHTTP_SOURCES := $(if $(LLHTTP),,$(wildcard /usr/share/llhttp/*.c))
LLHTTP_INCLUDE := $(if $(LLHTTP),,-DLLHTTP_STRICT_MODE=1 $(addprefix -isystem ,$(wildcard /usr/share/include/llhttp /usr/include/llhttp)))
LIBRARIES := $(PACKAGES) $(MYSQL) $(LLHTTP)

# uthash.h says in comments that a case falls through, which clang does not read; and to clang {FIRST_OF_AN_ENUM} is not
# the {0} that leaves the other fields zero on purpose.
BY_COMPILER := $(if $(findstring clang,$(CC)),-Wno-missing-field-initializers,-Wimplicit-fallthrough)
# What the compiler knows of these flags: the rest is newer, of another compiler or of another processor.
known = $(foreach f,$(1),$(shell $(CC) -Werror $(f) -xc -fsyntax-only /dev/null 2>/dev/null && echo $(f)))
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
  -Wpointer-arith -Wvla -Wformat=2 -Wundef -Wwrite-strings $(BY_COMPILER) $(call known,-Wtrampolines -Wbidi-chars=any)
OPTIMIZE ?= -O2
# OpenSSF's "Compiler Options Hardening Guide for C and C++"; tests/run/binaries.py looks for their marks.
# An overflow that is made to wrap is one that UndefinedBehaviorSanitizer can't see.
HARDEN := $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fno-strict-overflow) -fPIE -fstack-protector-strong -fstack-clash-protection \
  -fno-delete-null-pointer-checks -fno-strict-aliasing $(call known,-ftrivial-auto-var-init=zero \
  -fzero-init-padding-bits=all -fstrict-flex-arrays=3 -fcf-protection=full -mbranch-protection=standard)
CPPFLAGS += -I. -D_GNU_SOURCE -DCOUPON_VERSION='"$(VERSION)"' $(if $(FAILPOINTS),-DCOUPON_FAILPOINTS) $(if $(REDIS_TLS),-DHAVE_REDIS_TLS) \
  $(if $(filter off,$(METRICS)),-DCOUPON_METRICS_OFF) \
  $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)) $(LLHTTP_INCLUDE)
CFLAGS += -std=gnu11 -g $(OPTIMIZE) $(WARNINGS) $(HARDEN) $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer) \
  $(if $(findstring fuzzer,$(SANITIZE)),-fno-sanitize-recover=all)
LDFLAGS += -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(if $(SANITIZE),-fsanitize=$(SANITIZE))
LDLIBS += $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null) -lpthread -lm

PROGRAMS := $(foreach p,api-gateway issue-worker expiry-batch,$(if $(wildcard $(p)/main.c),$(p)))
sources = $(wildcard $(1)/*.c $(1)/*/*.c)
object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
COMMON := $(call object,$(call sources,common)) $(patsubst /usr/share/%.c,$(BUILD)/obj/%.o,$(LLHTTP_SOURCES))
# ThreadSanitizer does not know C11's thrd_create, which librdkafka uses.
COMMON += $(if $(filter thread,$(SANITIZE)),$(BUILD)/obj/tests/support/c11_threads.o)
program_objects = $(call object,$(call sources,$(1)))
BINARIES := $(PROGRAMS:%=$(BUILD)/bin/%)
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*_test.c tests/component/*_test.c))
FUZZES := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/fuzz/*_fuzz.c))
BENCHES := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/bench/*.c))

# Builds whose programs can be told to kill themselves at a failpoint.
FAILPOINT_BUILD := $(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/test FAILPOINTS=1 all

.PHONY: all help setup demo test check unit system images-check compat scaling faults faults-red soak latency asan tsan fuzz bench up setup-db down status format clean

all: $(BINARIES) ## build the programs into build/bin

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

setup: ## install what is missing (Debian packages, Kafka's jars); does nothing the second time
	@deploy/setup.sh

demo: setup ## the main job, end to end on real servers, from nothing; ends with a table and a verdict
	@$(MAKE) --no-print-directory -j2 all
	@$(PYTHON) -m tests.demo

test: setup ## everything, from nothing
	@$(PYTHON) -m tests.run all

check: setup ## fast: format, lint, unit tests
	@$(PYTHON) -m tests.run check

unit system: setup ## unit tests and component tests alone; system tests alone (ARGS="-k name")
	@$(PYTHON) -m tests.run $@ $(ARGS)

images-check: setup ## build the images' steps in Debian systems made here, and run them as compose.yaml says; long, needs root
	@$(PYTHON) -m tests.run images $(ARGS)

compat: setup ## other versions of Kafka, MySQL, MariaDB and the system: make compat ONLY=mysql-9; long, needs root
	@$(PYTHON) -m tests.compat $(foreach name,$(ONLY),--only $(name)) $(ARGS)

scaling: setup ## workers added and removed by KEDA's formula on real lag, under a load that rises and falls
	@$(PYTHON) -m tests.run scaling $(ARGS)

faults: setup ## break it on purpose and look: make faults ROW="13 14" SEED=n; all rows take long; table, JSON under build/faults
	@$(MAKE) --no-print-directory -j2 all
	@$(FAILPOINT_BUILD)
	@$(PYTHON) -m tests.faults $(ROW) $(if $(SEED),--seed $(SEED)) $(ARGS)

faults-red: setup ## plant the bug that each row is there for, see the row red: make faults-red ROW=4
	@$(MAKE) --no-print-directory -j2 all
	@$(FAILPOINT_BUILD)
	@$(PYTHON) -m tests.faults.planted $(ROW) $(if $(SEED),--seed $(SEED)) $(ARGS)

soak: setup ## random faults under load: make soak MINUTES=30 SEED=n
	@$(MAKE) --no-print-directory -j2 all
	@$(PYTHON) -m tests.faults.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

latency: setup ## what clients are told, and how fast, while Redis, MySQL or Kafka is away: make latency SECONDS=20
	@$(MAKE) --no-print-directory -j2 all
	@$(PYTHON) -m tests.faults.outage $(if $(SECONDS),--seconds $(SECONDS))

asan: setup ## all tests with AddressSanitizer and UndefinedBehaviorSanitizer
	@$(PYTHON) -m tests.run all --build build/asan

tsan: setup ## all tests with ThreadSanitizer
	@$(PYTHON) -m tests.run all --build build/tsan

fuzz: setup ## search for inputs that break a parser: make fuzz SECONDS=60 TARGET=http_reader
	@$(PYTHON) -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS)) $(TARGET)

bench: setup ## speed against ceilings measured in the same run; JSON under build/bench
	@$(MAKE) --no-print-directory -j2 all benches
	@$(MAKE) --no-print-directory -j2 BUILD=build/silent METRICS=off build/silent/bin/api-gateway
	@$(PYTHON) -m tests.bench.run

# --shop for SHOP=1, --no-shop for SHOP=0, nothing otherwise: then it is as it was.
lower = $(shell echo $(1) | tr A-Z a-z)
switch = $(if $(filter 0,$($(1))),--no-$(call lower,$(1)),$(if $($(1)),--$(call lower,$(1))))

up: setup all ## the local system in the background: make up WORKERS=3 PARTITIONS=3 GATEWAYS=2 BROKERS=1 MONITORING=1 SHOP=1 NOTIFICATION=1
	@$(PYTHON) -m deploy.local up $(if $(WORKERS),--workers $(WORKERS)) \
	  $(if $(PARTITIONS),--partitions $(PARTITIONS)) $(if $(GATEWAYS),--gateways $(GATEWAYS)) \
	  $(if $(BROKERS),--brokers $(BROKERS)) $(foreach name,MONITORING SHOP NOTIFICATION,$(call switch,$(name)))

setup-db: ## the database, its tables and users: of the local system, or ARGS="--host db --passwords DIR" of any server
	@$(if $(ARGS),$(PYTHON) -m deploy.schema.setup_db $(ARGS),$(PYTHON) -m deploy.local setup-db)

down: ## stop what `make up` started
	@$(PYTHON) -m deploy.local down

status: ## processes, ports, lag and counts
	@$(PYTHON) -m deploy.local status

format: ## rewrite the C sources in the project's format
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean: ## remove what was built; keeps Kafka's jars and the local system's data
	@rm -rf build/bin build/obj build/tests build/test build/silent build/asan build/tsan \
	  build/fuzz/obj build/fuzz/tests

.PHONY: tests fuzzes benches
tests: $(TESTS) $(FUZZES)
fuzzes: $(FUZZES)
benches: $(BENCHES)

$(BUILD)/bin/%: $(COMMON)
	@mkdir -p $(@D)
	@echo "  LD $@"; $(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(foreach p,$(PROGRAMS),$(eval $(BUILD)/bin/$(p): $(call program_objects,$(p))))

# A test or bench links with everything but the programs' main.
PARTS := $(filter-out %/main.o,$(foreach p,$(PROGRAMS),$(call program_objects,$(p))))
SUPPORT := $(BUILD)/obj/tests/support/mock_cluster.o
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(PARTS) $(COMMON) $(SUPPORT)
	@mkdir -p $(@D)
	@echo "  LD $@"; $(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# A fuzz target's main is libFuzzer's where that is built in, else one that runs its corpus.
LIBFUZZER := $(findstring fuzzer-no-link,$(SANITIZE))
$(FUZZES): LDFLAGS += $(if $(LIBFUZZER),-fsanitize=fuzzer)
$(FUZZES): $(if $(LIBFUZZER),,$(BUILD)/obj/tests/fuzz/corpus_main.o)

# Tests with fakes in the place of what a part calls.
FAKE_CLOCK := -Wl,--wrap=clock_monotonic_us
FAKE_SQL := $(FAKE_CLOCK),--wrap=sql_pool_submit,--wrap=sql_session_query
$(BUILD)/tests/unit/result_waiters_test: LDFLAGS += $(FAKE_CLOCK)
$(BUILD)/tests/unit/sql_session_test: LDFLAGS += -Wl,--wrap=mysql_real_connect,--wrap=mysql_errno
$(BUILD)/tests/unit/shop_work_test: LDFLAGS += -Wl,--wrap=user_coupon_change_use
$(BUILD)/tests/unit/coupon_cache_test $(BUILD)/tests/unit/coupon_cache_refresh_test $(BUILD)/tests/unit/policy_cache_test: LDFLAGS += $(FAKE_SQL)
$(BUILD)/tests/unit/result_lookup_test: LDFLAGS += $(FAKE_SQL),--wrap=redis_link_command,--wrap=redis_link_up
$(BUILD)/tests/unit/result_poll_test: LDFLAGS += $(foreach f,http_exchange_request http_exchange_context \
  http_exchange_on_gone http_exchange_json http_exchange_problem result_lookup_ask result_lookup_leave caller_identify,-Wl,--wrap=$(f))

$(BUILD)/tests/component/consume_loop_test: LDFLAGS += $(foreach f,new fences count,-Wl,--wrap=issue_transaction_$(f)) \
  -Wl,--wrap=issue_consumer_progress
$(BUILD)/tests/component/issue_consumer_test: LDFLAGS += -Wl,--wrap=rd_kafka_offsets_for_times,--wrap=rd_kafka_seek_partitions
$(BUILD)/tests/component/event_consumer_test: LDFLAGS += -Wl,--wrap=service_stopping,--wrap=service_set_ready,--wrap=service_rest
$(BUILD)/tests/unit/issue_retry_test: LDFLAGS += $(foreach f,http_exchange_request http_exchange_context \
  http_exchange_on_gone http_exchange_json http_exchange_problem http_exchange_reply http_exchange_started_us coupon_cache_find \
  result_lookup_ask topic_watch_partitions issue_producer_send issue_producer_report_us,-Wl,--wrap=$(f))

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC $<"; $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The API's description is built in.
api_hash = $(shell sha256sum api-gateway/api/$(1).yaml | cut -c1-16)
API_DOCUMENT := $(BUILD)/obj/api-gateway/api_document.o
$(API_DOCUMENT): $(wildcard api-gateway/api/*.yaml)
$(API_DOCUMENT): CPPFLAGS += -DAPI_PUBLIC_HASH='"$(call api_hash,public)"' -DAPI_ADMIN_HASH='"$(call api_hash,admin)"'

$(BUILD)/obj/llhttp/%.o: /usr/share/llhttp/%.c Makefile
	@mkdir -p $(@D)
	@echo "  CC $<"; $(CC) $(LLHTTP_INCLUDE) $(OPTIMIZE) -g $(HARDEN) $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -w -c -o $@ $<

.SECONDARY:
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
