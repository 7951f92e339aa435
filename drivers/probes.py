"""The probes that `water_quality` knows by name: where each keeps what. A new one is a row here.

Numbers are as on the wire, from 0 on: a sheet's 40001 or 30001 is 0. A probe that stands in no row
is set up by the key `registers` of its configuration, which has the same columns.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.reading import Quantity
from drivers.registers import Model, Register

GENERIC = "generic_float"  # its registers follow from the channels and the key `order`

OXYGEN, TEMP = Quantity.DISSOLVED_OXYGEN_MG_L, Quantity.WATER_TEMP_DEGC

PROBES: Mapping[str, Model] = {
    GENERIC: Model((), source="the channels in their order, two registers each, function 03"),
    "supmea_do7013": Model(
        (
            Register(TEMP, 0, "int16", scale=0.1),
            Register(OXYGEN, 1, "int16", scale=0.01),
        ),
        source="Supmea, SUP-DO7013 electrochemical dissolved oxygen sensor, communication table",
    ),
    # 0 is mg/L x 1000 and the sheet says unsigned, with -5 mg/L as its lowest.
    "hach_ldo": Model(
        (
            Register(OXYGEN, 0, "uint16", scale=0.001),
            Register(TEMP, 1, "uint16", scale=0.01),
        ),
        source="Hach, LDO AQ sensor, basic user manual, table 2 Modbus registers",
        unit=247,
        baud=19200,
    ),
    # A read must begin at an even register and take whole values; what a device does not have
    # (conductivity on one without the CT option) is FFFFFFFF, which is NaN.
    "xylem_odo": Model(
        (
            Register(OXYGEN, 2, function=4),
            Register(TEMP, 6, function=4),
            Register(Quantity.CONDUCTIVITY_US_CM, 14, function=4),  # at 25 degC
        ),
        source="Xylem/YSI, ODO RTU user manual 627379-01 rev. A, section 5.3 and appendix A; "
        "unit and baud from memory",
    ),
}
