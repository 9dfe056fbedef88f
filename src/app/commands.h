/**
 * The subcommands of the program. Each takes the arguments from its own name on and
 * returns the exit status: 0 done, 1 failed, 2 called wrongly.
 */
#ifndef PARAVENT_APP_COMMANDS_H
#define PARAVENT_APP_COMMANDS_H

int cmd_serve(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_drain(int argc, char **argv);
int cmd_link(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_staff(int argc, char **argv);
int cmd_webhook(int argc, char **argv);
int cmd_rebuild(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#endif
