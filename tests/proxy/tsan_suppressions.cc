// What the thread sanitizer is told (read in its build only). libevent applies a change of interest when it next waits, and
// by then the descriptor may be closed and its number another thread's: the kernel answers that such a descriptor is not in
// this epoll set, which libevent passes over. To the sanitizer it is a use of the other thread's descriptor.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libevent_core\n"; }
