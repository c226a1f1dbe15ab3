/* A plugin for qemu-user: counts the guest's instructions, and appends the count to a file at each mark of the guest.
 *
 * A mark is a system call that no kernel has. Debian does not package qemu's header: what is used of it is declared
 * here, as https://www.qemu.org/docs/master/devel/tcg-plugins.html describes it. API is the version to ask for.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define MARK 0x48594b

struct qemu_plugin_tb;
typedef void (*translated)(uint64_t id, struct qemu_plugin_tb *block);
typedef void (*executed)(unsigned cpu, void *instructions);
typedef void (*called)(uint64_t id, unsigned cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                       uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8);
extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, translated);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, executed, int registers, void *);
extern void qemu_plugin_register_vcpu_syscall_cb(uint64_t id, called);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);

__attribute__((visibility("default"))) int qemu_plugin_version = API;

static _Atomic uint64_t instructions;
static FILE *counts;

static void count(unsigned cpu, void *more) { atomic_fetch_add_explicit(&instructions, (uintptr_t)more, memory_order_relaxed); }

static void watch(uint64_t id, struct qemu_plugin_tb *block) {
  qemu_plugin_register_vcpu_tb_exec_cb(block, count, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void note(uint64_t id, unsigned cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                 uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
  if (number == MARK) {
    fprintf(counts, "%" PRIu64 "\n", atomic_load(&instructions));
    fflush(counts);
  }
}

__attribute__((visibility("default"))) int qemu_plugin_install(uint64_t id, const void *about, int count, char **given) {
  if (count != 1 || strncmp(given[0], "to=", 3) || !(counts = fopen(given[0] + 3, "we"))) {
    fprintf(stderr, "count: to=FILE is missing, or FILE cannot be written\n");
    return -1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, watch);
  qemu_plugin_register_vcpu_syscall_cb(id, note);
  return 0;
}
