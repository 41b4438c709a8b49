/* SPDX-License-Identifier: MIT */
/* Registers that both the image and the selector use; assembler reads this, too. */
#ifndef CAIRN_DRIVERS_VEXPRESS_REGISTERS_H
#define CAIRN_DRIVERS_VEXPRESS_REGISTERS_H

/* The system registers of the motherboard (ARM DUI 0447, 4.3). */
#define SYS_FLAGS 0x30 /* as SYS_NVFLAGS, but a reset clears it */
#define SYS_FLAGSCLR 0x34
#define SYS_NVFLAGS 0x38 /* written: sets the bits that are 1 */
#define SYS_NVFLAGSCLR 0x3c
#define SYS_24MHZ 0x5c
#define SYS_CFGDATA 0xa0
#define SYS_CFGCTRL 0xa4
#define SYS_CFGSTAT 0xa8

#define CFGCTRL_START (1u << 31)
#define CFGCTRL_WRITE (1u << 30)
#define CFGCTRL_FUNCTION(f) ((uint32_t)(f) << 20)
#define CFGSTAT_ERROR (1u << 1)

#define FUNCTION_SHUTDOWN 8
#define FUNCTION_REBOOT 9

/* The A9's snoop control unit, from the base of its private memory region (DDI 0407, 2.2.2). */
#define SCU_CONFIGURATION 0x4

#endif
