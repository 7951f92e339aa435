"""The fault catalogue: every line of groups A, B, C, D and F, and what injects it.

A trial is named `module.function` in this folder; a test by file and function in tests/. A line
without either is printed as NO TEST and counts as a failure.
"""

from __future__ import annotations

from outcome import Fault, Pytest, Trial

PROMISES = {
    "P1": "an event is on disk before it is sent and is never lost",
    "P2": "alarms first, never evicted; readings thinned and counted",
    "P3": "silence is itself an event",
    "P4": "contact to PUBACK within 1 s at p99",
    "P5": "back in service within 10 s",
    "P6": "the clock cannot lie",
    "P7": "a bad configuration or release returns by itself",
    "P8": "nothing listens, no secret is readable",
    "P9": "a fault is never an alarm, an alarm never a fault",
    "P10": "one bad sensor, message or rule never stops the rest",
    "P11": "memory, threads, descriptors stay flat",
}
LATER_PROMISES = {
    "P7": "with configuration revisions and releases",
    "P8": "the rest with the unit and its users",
}

CUTS = Trial("power.cuts", bound_s=900, long_bound_s=5400, shards=2, needs_root=True)
CONTROL = Trial("power.control", bound_s=200, needs_root=True)
SYNCS = Trial("kills.syncs", bound_s=500)
WRITES = Trial("kills.writes", bound_s=700)
BYTES = Trial("storage.full_by_bytes", bound_s=100, needs_root=True)
INODES = Trial("storage.full_by_inodes", bound_s=150, needs_root=True)
FAILING = Trial("storage.failing", bound_s=250)
READ_ONLY = Trial("storage.read_only", bound_s=150, needs_root=True)
READ_ONLY_BOOT = Trial("storage.read_only_at_boot", bound_s=100, needs_root=True)
SHORT = Trial("storage.short", bound_s=120)
SLOW_DISK = Trial("storage.slow", bound_s=300)
HOME_OFFLINE = Trial("offline.home", bound_s=600, needs_root=True)
OUTFALL_OFFLINE = Trial("offline.outfall", bound_s=600, needs_root=True)
TIGHT_OFFLINE = Trial("offline.tight", bound_s=600, needs_root=True)
SOAK = Trial("soak.month", bound_s=600, long_bound_s=2400, needs_root=True)
SECOND = Trial("storage.second_agent", bound_s=100)
PUBACK = Trial("brokers.around_puback", bound_s=500, shards=2)
REFUSED = Trial("brokers.refused", bound_s=250)
TOO_LARGE = Trial("brokers.too_large", bound_s=120)
FORBIDDEN = Trial("brokers.forbidden", bound_s=120)
NO_QOS1 = Trial("brokers.without_qos1", bound_s=120)
SLOW_BROKER = Trial("brokers.slow", bound_s=200, long_bound_s=600)
NO_LINK = Trial("network.no_link", bound_s=150, long_bound_s=700, needs_root=True)
HALF_OPEN = Trial("network.half_open", bound_s=250, long_bound_s=900, needs_root=True)
REFUSED_LINK = Trial("network.refused", bound_s=200, long_bound_s=500, needs_root=True)
FLAPS = Trial("network.flaps", bound_s=200, long_bound_s=4000, needs_root=True)
SMALL_MTU = Trial("network.small_mtu", bound_s=150, long_bound_s=300, needs_root=True)
NAMES = Trial("lookup.spoilt", bound_s=400, long_bound_s=700, needs_root=True)
FAMILIES = Trial("lookup.families", bound_s=150, needs_root=True)
LOSSY = Trial("latency.lossy", bound_s=500, long_bound_s=2800, needs_root=True)
GPRS = Trial("latency.gprs", bound_s=500, long_bound_s=5000, needs_root=True)
LOAD = Trial("latency.loopback", bound_s=400, long_bound_s=1000)
UNPLUGGED = Trial("sensors.unplugged", bound_s=300)
SILENT = Trial("sensors.silent", bound_s=300)
SIGNALS = Trial("process.signals", bound_s=500)
EVERYTHING = Trial("mix.everything", bound_s=400, long_bound_s=2400)
FLAT = Trial("mix.flat", bound_s=400, long_bound_s=2400)


def _tests(file: str, *names: str) -> Pytest:
    return Pytest(tuple(f"tests/test_{file}.py::test_{name}" for name in names))


FAULTS = (
    Fault("A1", "power cut at random times", ("P1", "P5"),
          "ext4 shutdown of a loop image, its journal not flushed; boot id changed",
          (CUTS, CONTROL)),
    Fault("A2", "kill at every fsync, rename, write", ("P1", "P5"),
          "strace signal=KILL: every N of fsync, fdatasync, rename, write, pwrite64",
          (SYNCS, WRITES)),
    Fault("A3", "torn tail at every byte", ("P1",), "journal cut at every byte",
          (_tests("journal", "a_cut_at_any_byte_loses_what_is_cut"),)),
    Fault("A4", "flipped byte at every offset", ("P1", "P10"), "each byte of a record",
          (_tests("journal", "a_flipped_byte_loses_one_record"),)),
    Fault("A5", "4 KiB of zeros or FF", ("P1", "P10"), "block in mid-journal overwritten",
          (_tests("journal", "a_lost_block_loses_what_it_covers"),)),
    Fault("A6", "file is empty, a folder, a link, unreadable", ("P1", "P10"), "put in its place",
          (_tests("journal", "a_file_of_another_kind_is_set_aside", "the_folder_may_be_a_file"),
           _tests("store_kinds", "in_place_of_acknowledgements", "in_place_of_a_snapshot",
                  "in_place_of_the_quarantine", "in_place_of_a_folder", "in_place_of_a_spare",
                  "files_that_may_not_be_read"))),
    Fault("A7", "disk full by bytes, by inodes", ("P1", "P2", "P9"),
          "small tmpfs filled up, three times each", (BYTES, INODES,
           _tests("store_disk", "the_reserve_takes_events_on_a_full_disk",
                  "without_a_reserve_a_full_disk_says_so", "readings_are_thinned_where_events_stay",
                  "a_claim_needs_no_room"))),
    Fault("A8", "EIO on write, on fsync", ("P1", "P9"),
          "strace error=EIO, ENOSPC: fdatasync, fsync, pwrite64",
          (FAILING, _tests("journal", "a_failed_sync_is_written_anew", "failing_at_any_call"))),
    Fault("A9", "read-only while running, at boot", ("P1", "P9"),
          "loop image: remount,abort; mount -o ro", (READ_ONLY, READ_ONLY_BOOT,
           _tests("store_disk", "a_read_only_disk_opens", "a_disk_that_turns_read_only"))),
    Fault("A10", "short writes", ("P1",),
          "LD_PRELOAD: every fifth pwrite is short (strace can only lie)", (SHORT, _tests("journal", "short_writes_are_completed"))),
    Fault("A11", "fsync takes 2 s, 20 s", ("P1", "P4", "P5"),
          "strace delay_enter on every sync", (SLOW_DISK,)),
    Fault("A12", "30 days offline", ("P1", "P2", "P11"),
          "30 daily volumes of a home, of an outfall, of one with little room; then a broker",
          (HOME_OFFLINE, OUTFALL_OFFLINE, TIGHT_OFFLINE)),
    Fault("A13", "store exceeds its cap", ("P2", "P11"), "more readings than its bound",
          (_tests("buffer", "the_oldest_are_thinned_and_counted"),)),
    Fault("A14", "clock back during rotation", ("P1", "P6"), "segments go by number",
          (_tests("journal", "segments_go_by_number"),)),
    Fault("A15", "two agents on one folder", ("P1",), "a second process",
          (SECOND, _tests("store_disk", "a_second_agent_is_refused"))),
    Fault("B1", "boot at 1970, no network", ("P6",), "LD_PRELOAD clock under the real agent",
          (_tests("clock_real", "boot_at_1970"),)),
    Fault("B2", "step +10 y, -3 y while running", ("P6", "P9"), "the same; virtual clock",
          (_tests("clock_real", "steps_of_years_are_no_alarm_and_change_no_order"),
           _tests("time", "a_step_of_the_clock_is_no_alarm_and_misses_no_deadline"))),
    Fault("B3", "first sync after 3 days offline", ("P6",), "the same; virtual clock",
          (_tests("clock_real", "the_first_synchronisation_corrects_what_waits"),)),
    Fault("B4", "TLS with the clock at 1970", ("P6",), "TLS broker, virtual clock",
          (_tests("uplink_tls", "certificate_of_the_future_is_the_clocks_fault",
                  "clock_below_the_floor_keeps_no_broker_away",
                  "link_without_dates_ends_when_the_clock_is_set"),)),
    Fault("B5", "DST, zone, TZ unset or invalid", ("P6",), "zones, TZ, virtual clock",
          (_tests("time", "the_environments_zone_has_no_effect",
                  "two_sites_with_and_without_summer_time_keep_their_hours"),
           _tests("daily", "each_day_that_is_lived_through_is_done_once",
                  "a_year_has_as_many_evaluations_as_days"))),
    Fault("B6", "leap second, 29 Feb, 2038, 49.7 days", ("P6",), "virtual clock",
          (_tests("time", "no_date_changes_what_is_concluded",
                  "no_uptime_changes_what_is_concluded", "a_leap_second_is_no_step"),)),
    Fault("B7", "suspended for an hour", ("P6", "P9"), "virtual clock",
          (_tests("time", "a_freeze_of_an_hour_is_a_gap_before_what_comes_after_it",
                  "waking_up_is_no_burst_of_stale_alarms"),)),
    Fault("C1", "no link at boot, for 30 days", ("P1", "P11"),
          "namespace whose interface is down; pauses and volume in virtual time",
          (NO_LINK, _tests("uplink_backoff", "long_outage_is_met_with_growing_pauses_up_to_five_minutes"))),
    Fault("C2", "half-open TCP", ("P1", "P4"),
          "namespaces: packets dropped, far interface down; a broker that falls silent",
          (HALF_OPEN,
           _tests("uplink_session", "dead_link_is_noticed_within_two_keepalives",
                  "link_that_is_given_up_ends_at_once_with_its_reason"))),
    Fault("C3", "30 % loss; 2G-like link", ("P4",),
          "nft drops 30 %; two TUN devices: 0.3 s each way, 5 % loss, 20 kbit/s (no tc netem)",
          (LOSSY, GPRS)),
    Fault("C4", "RST, ICMP prohibited, port closed", ("P10", "P11"),
          "namespaces: nft reject, no broker",
          (REFUSED_LINK, _tests("uplink_session", "closed_port_is_no_busy_loop"))),
    Fault("C5", "DNS fails, hangs, lies", ("P5", "P10"),
          "name server in a namespace: SERVFAIL, NXDOMAIN, silent, wrong, none",
          (NAMES,
           _tests("uplink_resolver", "unresolved_name_is_a_report",
                  "hanging_resolver_holds_up_nobody", "last_good_address_is_tried"))),
    Fault("C6", "captive portal", ("P9", "P10"), "a server that answers HTTP 302",
          (_tests("uplink_session", "captive_portal_is_no_mqtt_broker"),)),
    Fault("C7", "link flaps for an hour", ("P1", "P11"),
          "namespace: interface down and up with another address; a minute, an hour in the long run",
          (FLAPS, _tests("uplink_session", "nothing_grows_over_many_flaps"))),
    Fault("C8", "IPv6 only, broken IPv6", ("P10",),
          "namespaces: IPv6 without neighbours, without answers, alone; listeners on one family",
          (FAMILIES,
           _tests("uplink_resolver", "broken_family_costs_little", "ipv6_alone_will_do"))),
    Fault("C9", "MTU 576, large packets lost", ("P1", "P4"), "namespaces: nft drops by size",
          (SMALL_MTU,)),
    Fault("D1", "broker killed around PUBACK", ("P1",),
          "proxy that cuts at five points; kill of mosquitto", (PUBACK,)),
    Fault("D2", "every CONNACK reason code", ("P10",), "fake broker",
          (_tests("uplink_session", "connack_codes_are_told_apart"),)),
    Fault("D3", "PUBACK with an error code", ("P1", "P10"),
          "proxy that answers 0x80, 0x87, 0x97, 0x99", (REFUSED,)),
    Fault("D4", "message over the broker's maximum", ("P1", "P10"),
          "mosquitto max_packet_size", (TOO_LARGE,)),
    Fault("D5", "quota, ACL, no retain, no QoS 1", ("P1", "P10"),
          "mosquitto: ACL, retain_available, max_qos; proxy: 0x97",
          (FORBIDDEN, NO_QOS1, REFUSED)),
    Fault("D6", "duplicate client id", ("P9", "P10"), "fake broker; two clients on mosquitto",
          (_tests("uplink_conflict", "two_devices_take_over_a_few_times_an_hour",
                  "takeover_is_told_at_once_and_not_answered_in_kind",
                  "silent_takeovers_are_told_as_likely", "resets_are_no_conflict",
                  "two_agents_on_a_real_broker"),)),
    Fault("D7", "wrong certificates, TLS 1.0, plain", ("P8", "P10"), "TLS mosquitto, fake broker",
          (_tests("uplink_tls", "unknown_authority_is_named", "dates_of_a_certificate_are_named",
                  "wrong_host_is_named", "plain_broker_on_a_tls_address_is_named",
                  "never_falls_back_to_plain", "old_tls_is_refused"),)),
    Fault("D8", "certificate expires in 30, 7, 0 days", ("P6", "P9"), "certificates and clock",
          (_tests("uplink_certificate", "days_left_of_this_devices_certificate"),)),
    Fault("D9", "credentials revoked mid-session", ("P1", "P10"), "fake broker, DISCONNECT",
          (_tests("uplink_session", "disconnect_by_the_broker_is_reported",
                  "no_redirection_is_followed"),)),
    Fault("D10", "PUBACK after 60 s; receive maximum 1", ("P2", "P10"),
          "proxy that holds answers for 2 to 9 s (the deadline is 5 s); max_inflight_messages 1",
          (SLOW_BROKER,)),
    Fault("D11", "hostile bytes", ("P5", "P10"), "fake broker",
          (_tests("uplink_session", "hostile_bytes_end_a_link_at_most",
                  "claimed_length_takes_no_memory"),)),
    Fault("D12", "exception in any callback", ("P5", "P10"), "callbacks that raise",
          (_tests("uplink_session", "exception_in_a_callable_of_others_ends_an_attempt_at_most",
                  "exception_in_the_queue_does_not_kill_the_thread"),)),
    Fault("D13", "session lost at the broker", ("P1",), "session present = 0",
          (_tests("uplink_session", "session_present_changes_nothing"),)),
    Fault("D14", "downlink repeated, stale, replayed", (), "", later=True),
    Fault("D15", "downlink hostile", (), "", later=True),
    Fault("D16", "downlink flood", (), "", later=True),
    Fault("E4", "unplugged, back as another ttyUSB", ("P3", "P10"), "pty closed, another opened",
          (UNPLUGGED,)),
    Fault("E6", "sensor silent", ("P3", "P10"), "nothing comes on a pty", (SILENT,)),
    Fault("F1", "signals at random", ("P1", "P5"), "KILL, SEGV, TERM, HUP, PIPE in turn",
          (SIGNALS, _tests("process", "a_closed_session_does_not_end_the_agent",
                           "a_crash_in_c_leaves_its_trace",
                           "stopped_while_a_thread_hangs_it_still_ends_in_time",
                           "killed_at_random_it_goes_on"))),
    Fault("F2", "each thread hangs in turn", ("P5",), "SIGSTOP, threads held in the real process",
          (_tests("process", "each_thread_hung_in_turn_starves_the_watchdog"),
           _tests("health", "one_hung_thread_of_any_kind_starves_the_watchdog"),
           _tests("worker", "a_driver_that_hangs_is_reported_and_shows_no_progress"))),
    Fault("F3", "each thread dies in turn", ("P5", "P10"), "exceptions thrown into threads",
          (_tests("process", "a_thread_that_dies_takes_the_process_with_it",
                  "a_drivers_thread_survives_what_is_thrown_at_it"),
           _tests("health", "a_dead_thread_that_nobody_can_replace_ends_the_agent",
                  "a_dead_thread_that_can_be_replaced_is_tried_every_beat"),
           _tests("worker", "a_driver_that_dies_is_reported_closed_and_opened_again",
                  "a_thread_that_ended_all_the_same_is_replaced"))),
    Fault("F4", "memory limit hit", ("P1", "P5"), "cgroup or its like; address space limit",
          (_tests("process_limits", "out_of_memory_it_is_killed_and_goes_on_with_its_queue",
                  "with_little_address_space_it_dies_cleanly_or_goes_on"),)),
    Fault("F5", "CPU starved to 5 %", ("P4",), "processor quota",
          (_tests("process_limits",
                  "with_a_twentieth_of_a_processor_a_call_for_help_is_out_in_five_seconds"),)),
    Fault("F6", "no descriptors, no threads", ("P5", "P10"), "limits of the real process",
          (_tests("process_limits", "out_of_descriptors_it_lives_and_recovers",
                  "without_a_thread_to_spare_no_sensor_is_forgotten",
                  "without_threads_at_all_it_ends_and_says_so"),
           _tests("uplink_session", "descriptors_above_1023_are_served"),
           _tests("worker", "a_thread_that_could_not_be_started_is_started_later"))),
    Fault("F7", "log flood, stderr closed", ("P10", "P11"), "full pipe, closed descriptor",
          (_tests("log", "a_full_pipe_holds_nobody_up_and_the_loss_is_said_later",
                  "a_descriptor_that_takes_nothing_is_survived",
                  "a_flood_is_summed_up_and_events_are_exempt"),
           _tests("process_log", "sensing_goes_on_whoever_takes_the_log"))),
    Fault("F8", "wrong uid, folder of root, open secret", ("P8",), "modes and owners",
          (_tests("uplink_tls", "key_that_others_can_read_is_not_used"),
           _tests("process_log", "a_state_folder_of_root_is_refused_with_the_command_that_helps",
                  "a_configuration_that_cannot_be_read_is_refused_with_the_command_that_helps",
                  "run_by_another_user_it_says_whose_the_folder_is",
                  "a_secret_that_others_can_read_is_refused_with_the_command_that_helps"))),
    Fault("F9", "30 days at 100 times", ("P1", "P9", "P11"),
          "2,000 times real time, random faults; 5 days in the bounded run", (SOAK,)),
    Fault("N3", "1,000 alarms under load", ("P4",),
          "contacts on mock pins beside 300 readings a second; 10,000 in the long run", (LOAD,)),
    Fault("N1", "everything at once, by chance", ("P1", "P5", "P9", "P10"),
          "kill, TERM, power cut, broker killed or hung, link cut, card full, unplugged, silent, "
          "frozen, clock set", (EVERYTHING,)),
    Fault("N2", "the same around one process", ("P1", "P11"),
          "as N1 without what ends it; slopes by least squares", (FLAT,)),
)  # fmt: skip
