# Commands for gdb: the fibers of the thread that gdb looks at.
#
#   gruvi-fibers         list them: address, name, what they wait for
#   gruvi-walk FIBER     the functions that a parked fiber is in
#   gruvi-enter FIBER    go to a parked fiber: then backtrace, up, info locals
#   gruvi-leave          come back, before the process runs on
#
# "thread apply all gruvi-fibers" lists the fibers of all hubs.  The first two
# also work on a core of the kernel.  They do not work on a core of gcore, which
# leaves out a mapping that has guards, and stacks have.
#
# tests/daemon/gdb tests them.

define gruvi-fibers
  set $hub = gruvi__self.hub
  if $hub != 0
    set $fiber = $hub->root
    gruvi-line
    set $link = $hub->fibers.next
    while $link != &$hub->fibers
      set $fiber = (gruvi_fiber_t *)((char *)$link - (long)&((gruvi_fiber_t *)0)->all_link)
      gruvi-line
      set $link = $link->next
    end
  end
end

define gruvi-line
  printf "%p ", $fiber
  if $fiber == $hub->root
    printf "Root"
  else
    if $fiber->named
      printf "%s", $fiber->name
    else
      printf "Fiber-%lu", $fiber->id
    end
  end
  if $fiber->state == GRUVI__WAITING
    printf ": %s", $fiber->waiting_for
  end
  printf "\n"
end

# Frame pointers are always on, and 0 ends the chain; but for the root fiber,
# which comes from the C library.
define gruvi-walk
  set $context = ((gruvi_fiber_t *)($arg0))->context
  info symbol $context.ip
  set $frame = (void **)$context.fp
  while $frame != 0
    info symbol $frame[1]
    set $frame = (void **)$frame[0]
  end
end

# The registers become the ones that the fiber has saved.
define gruvi-enter
  set $context = ((gruvi_fiber_t *)($arg0))->context
  set $left_pc = $pc
  set $left_sp = $sp
  set $pc = $context.ip
  if $_isvoid($rbp)
    set $left_fp = $x29
    set $sp = $context.sp
    set $x29 = $context.fp
  else
    set $left_fp = $rbp
    set $sp = $context.sp
    set $rbp = $context.fp
  end
end

define gruvi-leave
  select-frame 0
  set $pc = $left_pc
  set $sp = $left_sp
  if $_isvoid($rbp)
    set $x29 = $left_fp
  else
    set $rbp = $left_fp
  end
end
