/* Between report.c and those who find commands, main.c and cmd_dataset.c. */
#ifndef KZ_MAIN_H
#define KZ_MAIN_H

/* Name the command that messages start with; NULL for none. */
void kz_cli_set_command(const char *name);

#endif
