#pragma once

namespace caesura {

/// A hint that what is at `address`, which may be any, will be read soon. GCC 12 takes a function
/// that does nothing but prefetch for one without effect, and drops its calls: hence the statement
/// that uses the address.
inline void prefetch(const void* address) {
  __builtin_prefetch(address);
  asm volatile("" : : "r"(address));
}

}  // namespace caesura
