/* Between main.c and report.c only. */
#ifndef KZ_MAIN_H
#define KZ_MAIN_H

/* Name the command that messages start with; NULL for none. */
void kz_cli_set_command(const char *name);

#endif
