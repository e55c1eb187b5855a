/* What C++ users write: std::sort of indices by key. g++ -O3 -march=native argsort_std.cpp; argsort_std N CALLS: a first
   call and so many later ones, ns per element. */
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  size_t n = (size_t)atof(argv[1]);
  int calls = atoi(argv[2]);
  if (n < 2 || calls < 0) return 2;
  std::vector<double> x(n), times;
  uint32_t state = 2463534242u;
  for (double &value : x) {
    double v[2];
    for (double &word : v) state ^= state << 13, state ^= state >> 17, state ^= state << 5, word = state;
    value = (v[0] + v[1] / 4294967296.0) / 4294967296.0;
  }
  for (int call = 0; call <= calls; call++) {
    auto began = std::chrono::steady_clock::now();
    std::vector<uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](uint32_t i, uint32_t j) { return x[i] < x[j]; });
    times.push_back(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began).count() / n);
    for (size_t i = 1; call == 0 && i < n; i++) if (x[order[i - 1]] > x[order[i]]) return 3;
  }
  double cold = times[0];
  if (calls > 0) times.erase(times.begin());
  std::sort(times.begin(), times.end());
  printf("BENCH {\"coldNs\":%.3f,", cold);
  if (calls > 0) printf("\"medianNs\":%.3f,", times[times.size() / 2]);
  printf("\"minNs\":%.3f}\n", times[0]);
  return 0;
}
