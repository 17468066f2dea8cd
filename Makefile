# Everything a person does here. The environment lives in .venv; PYTHON says which Python makes it.
PYTHON ?= python3
RUN = .venv/bin

.PHONY: demo serve test check bench faults words clean
.DEFAULT_GOAL := test

.venv/ready: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(RUN)/pip install --quiet --editable '.[pdf,clinic,pharmacy,planner,dev]'
	touch $@

demo: .venv/ready  ## the main job on the registered protocol, with a cohort, and where to look
	@mkdir -p demo && umask 077 && echo 1 > demo/cohort.txt
	$(RUN)/dayzero plan P-001 --randomized 2026-03-02 --steroids --site gainesville --booked \
	    --out demo/clinic --feed-dir demo/feeds --feed-base https://calendars.example.org/f \
	    --cohort-file demo/cohort.txt --pharmacy-out demo/pharmacy
	@echo
	@echo "Look at:  demo/clinic/P-001/packet.pdf       the participant's packet"
	@echo "          demo/clinic/P-001/participant.ics  open it in a calendar"
	@echo "          demo/clinic/P-001/coordinator.ics  the coordinator's calendar"
	@echo "          demo/pharmacy/P-001/               for the unblinded pharmacist only"

serve: .venv/ready  ## the clinic's pages on this machine, with the example sites
	@test -f demo/clinic.sqlite3 || { mkdir -p demo && $(RUN)/dayzero clinic init --db demo/clinic.sqlite3 --site gainesville --site miami; }
	$(RUN)/dayzero serve --db demo/clinic.sqlite3

test: .venv/ready
	$(RUN)/pytest --numprocesses auto --dist loadfile

check: .venv/ready
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

bench: .venv/ready  ## ratios, measured in one run: all of them, also after one that exceeds its limit
	@missed=0; for part in bench bench_clinic bench_server bench_planner; do \
	    PYTHONPATH=tests $(RUN)/python $$part.py || missed=1; done; exit $$missed

faults: .venv/ready  ## what goes wrong with machines, done to the store on purpose, in full counts
	PYTHONPATH=tests $(RUN)/python tests/faults/store_faults.py --full

words: .venv/ready  ## collect the words to translate, and compile the translations
	$(RUN)/python tests/house/catalog.py

clean:
	rm -rf .venv build dist demo *.egg-info
