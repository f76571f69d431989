/* A disk that fails, and a date that jumps: preloaded into a daemon by the tests.

   OMP_FAULTS names a file of rules, read anew at every call, one a line:

       CALL ACTION PART SKIP TIMES

   CALL    write (pwrite, sendfile too), sync (fsync, fdatasync), rename, open (for writing), read
           (opening for reading), close, trunc, alloc, unlink
   ACTION  a number: the call fails with that errno, undone. `short`: half is written, then ENOSPC.
           `half`: half is written, and that is what the call says. `m` and a number: so many
           milliseconds later.
   PART    what the path must contain; of a rename, of either path
   SKIP    so many matching calls of a process pass first
   TIMES   so many fail then; 0 for all

   What failed is written to OMP_FAULTS.log. OMP_DATE names a file with seconds that are added to
   CLOCK_REALTIME; the other clocks are left alone. Without these variables nothing happens. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MOST 16
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static char seen[2048];
static int passed[MOST];

static int slurp(const char *path, char *into, int size) {
  int handle = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  int got = handle < 0 ? 0 : syscall(SYS_read, handle, into, size - 1);
  if (handle >= 0) syscall(SYS_close, handle);
  into[got > 0 ? got : 0] = 0;
  return got;
}

static void note(const char *call, const char *action, const char *path) {
  char name[512], line[1400];
  snprintf(name, sizeof name, "%s.log", getenv("OMP_FAULTS"));
  int length = snprintf(line, sizeof line, "%d %s %s %s\n", getpid(), call, action, path);
  int handle = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  syscall(SYS_write, handle, line, length);
  syscall(SYS_close, handle);
}

/* 0: go on. > 0: fail with that errno. -1: short. -2: half. */
static int fault(const char *call, const char *path, const char *other) {
  const char *rules = getenv("OMP_FAULTS");
  char text[2048], *line, *rest;
  if (!rules || slurp(rules, text, sizeof text) <= 0) return 0;
  if (strcmp(text, seen)) {
    strcpy(seen, text);
    memset(passed, 0, sizeof passed);
  }
  int number = 0;
  for (line = strtok_r(text, "\n", &rest); line && number < MOST;
       line = strtok_r(NULL, "\n", &rest), number++) {
    char what[16], action[16], part[256];
    int skip, times;
    if (sscanf(line, "%15s %15s %255s %d %d", what, action, part, &skip, &times) != 5) continue;
    if (strcmp(what, call) || !(strstr(path, part) || (other && strstr(other, part)))) continue;
    int turn = __sync_fetch_and_add(&passed[number], 1);
    if (turn < skip || (times && turn >= skip + times)) continue;
    note(call, action, path);
    if (action[0] == 'm') usleep(1000 * atoi(action + 1));
    else return action[0] == 's' ? -1 : action[0] == 'h' ? -2 : atoi(action);
  }
  return 0;
}

static int fault_of(const char *call, int handle) {
  char link[64], path[1024];
  if (!getenv("OMP_FAULTS")) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
  int length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length <= 0 || path[0] != '/') return 0;
  path[length] = 0;
  return fault(call, path, NULL);
}

#define FAIL(kind) { if (kind > 0) { errno = kind; return -1; } }

#define WRITER(name, more, given)                                  \
  ssize_t name(int handle, const void *data, size_t size more) {   \
    int kind = fault_of("write", handle);                          \
    FAIL(kind)                                                     \
    if (kind < 0) size = (size + 1) / 2;                           \
    ssize_t done = REAL(name)(handle, data, size given);           \
    if (kind == -1) { errno = ENOSPC; return -1; }                 \
    return done;                                                   \
  }
#define COMMA ,
WRITER(write, , )
WRITER(pwrite, COMMA off_t at, COMMA at)
WRITER(pwrite64, COMMA off64_t at, COMMA at)

ssize_t sendfile(int to, int from, off_t *at, size_t size) {
  int kind = fault_of("write", to);
  FAIL(kind)
  return REAL(sendfile)(to, from, at, kind ? (size + 1) / 2 : size);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
  int kind = fault_of("write", to);
  FAIL(kind)
  return REAL(sendfile64)(to, from, at, kind ? (size + 1) / 2 : size);
}

#define BY_HANDLE(call, type, name, more, given)                        \
  type name(int handle more) {                                          \
    int kind = fault_of(call, handle);                                  \
    FAIL(kind)                                                          \
    return REAL(name)(handle given);                                    \
  }
BY_HANDLE("sync", int, fsync, , )
BY_HANDLE("sync", int, fdatasync, , )
BY_HANDLE("trunc", int, ftruncate, COMMA off_t size, COMMA size)
BY_HANDLE("trunc", int, ftruncate64, COMMA off64_t size, COMMA size)

int posix_fallocate(int handle, off_t at, off_t size) { /* gives the errno itself */
  int kind = fault_of("alloc", handle);
  return kind > 0 ? kind : REAL(posix_fallocate)(handle, at, size);
}
int posix_fallocate64(int handle, off64_t at, off64_t size) {
  int kind = fault_of("alloc", handle);
  return kind > 0 ? kind : REAL(posix_fallocate64)(handle, at, size);
}

int close(int handle) { /* the handle is gone all the same, as on Linux */
  int kind = fault_of("close", handle), done = REAL(close)(handle);
  FAIL(kind)
  return done;
}

#define OPENER(name, more, given)                                          \
  int name(more const char *path, int flags, ...) {                        \
    va_list rest;                                                          \
    va_start(rest, flags);                                                 \
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;      \
    va_end(rest);                                                          \
    int kind = fault((flags & O_ACCMODE) ? "open" : "read", path, NULL);   \
    FAIL(kind)                                                             \
    return REAL(name)(given path, flags, mode);                            \
  }
OPENER(open, , )
OPENER(open64, , )
OPENER(openat, int at COMMA, at COMMA)
OPENER(openat64, int at COMMA, at COMMA)

int rename(const char *from, const char *to) {
  int kind = fault("rename", to, from);
  FAIL(kind)
  return REAL(rename)(from, to);
}
int renameat(int a, const char *from, int b, const char *to) {
  int kind = fault("rename", to, from);
  FAIL(kind)
  return REAL(renameat)(a, from, b, to);
}
int unlink(const char *path) {
  int kind = fault("unlink", path, NULL);
  FAIL(kind)
  return REAL(unlink)(path);
}

/* --- the date ------------------------------------------------------------------------------- */

static long ahead_s(void) {
  const char *path = getenv("OMP_DATE");
  char text[32];
  return path && slurp(path, text, sizeof text) > 0 ? atol(text) : 0;
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += ahead_s();
  return failed;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  int failed = syscall(SYS_gettimeofday, now, zone);
  now->tv_sec += ahead_s();
  return failed;
}
time_t time(time_t *into) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (into) *into = now.tv_sec;
  return now.tv_sec;
}
