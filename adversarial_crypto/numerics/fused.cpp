// A fully connected layer and a stack of one-dimensional convolutions after it, as one operation, and its gradient.
//
// numerics/fused.py puts five lines before this text and compiles it:
//   #define WIDTH     numbers that come in
//   #define LENGTH    numbers that the fully connected layer gives: the length of the stack's only channel on entry
//   #define ENTERING  the activation after the fully connected layer: NONE, SIGMOID or TANH
//   #define LEAVING   the activation of what goes out; between the convolutions there are sigmoids
//   #define LAYERS    Conv<in, out, window, stride>, ...   (the last has one channel out)
//
// As many examples as the processor's registers hold travel through all layers together, one in each lane, and what is
// between the layers stays in the processor's caches (at N = 16 in the first). Every lane does the same operations in the same order, so an example's
// result does not depend on its place; sums over the batch are made in blocks of a given size, so they do not depend on
// the number of threads.

#include <cstdint>
#include <cstring>
#ifdef __AVX__
#include <immintrin.h>
#endif

namespace {

// A register's numbers: of wider vectors the compiler keeps every single step in memory, at a fifth of the speed.
#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif
typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef int32_t Whole __attribute__((vector_size(4 * LANES)));

enum Activation { NONE, SIGMOID, TANH };

inline Vector all(float x) { return Vector{} + x; }

// Of a pair with NaN the second.
#if defined(__AVX512F__)
inline Vector lesser(Vector a, Vector b) { return (Vector)_mm512_min_ps((__m512)a, (__m512)b); }
inline Vector greater(Vector a, Vector b) { return (Vector)_mm512_max_ps((__m512)a, (__m512)b); }
#elif defined(__AVX__)
inline Vector lesser(Vector a, Vector b) { return (Vector)_mm256_min_ps((__m256)a, (__m256)b); }
inline Vector greater(Vector a, Vector b) { return (Vector)_mm256_max_ps((__m256)a, (__m256)b); }
#else
inline Vector lesser(Vector a, Vector b) { return a < b ? a : b; }
inline Vector greater(Vector a, Vector b) { return a > b ? a : b; }
#endif

template <Activation A> inline Vector finished(Vector inverse) { return A == TANH ? 2.0f * inverse - 1.0f : inverse; }

// How many vectors take an activation side by side: the steps of one wait for each other, those of eight do not; with
// half the registers, four.
constexpr int ABREAST = LANES == 16 ? 8 : 4;
#define EACH(count) _Pragma("GCC unroll 8") for (int i = 0; i < count; i++)

// In place on COUNT vectors. sigmoid(x) = 1 / (1 + 2^(-x log2 e)) and tanh(x) = 2 sigmoid(2x) - 1.
//
// 2^y for |y| <= 29 is 2^n 2^r with n whole and |r| <= 1/2, the latter by a polynomial fitted to that range (relative
// error 1e-7). Beyond it the end's value, so a sigmoid is never below 2e-9; NaN stays NaN. Four denominators share one
// division: the inverse of their product, which is at most 2^116.
template <Activation A, int COUNT> inline void activate_abreast(Vector* x) {
  // 1.5 * 2^23 and the exponent's bias: adding it rounds to a whole number, and the low bits then hold n + 127.
  const float shift = 12582912.0f + 127;
  Vector y[COUNT], shifted[COUNT], series[COUNT];
  EACH(COUNT) y[i] = x[i] * (A == TANH ? -2.885390082f : -1.442695041f);
  EACH(COUNT) y[i] = greater(all(-29.0f), lesser(all(29.0f), y[i]));
  EACH(COUNT) shifted[i] = y[i] + shift;
  EACH(COUNT) y[i] = y[i] - (shifted[i] - shift);
  EACH(COUNT) series[i] = 1.326472731e-3f * y[i] + 9.671512991e-3f;
  EACH(COUNT) series[i] = series[i] * y[i] + 5.550733581e-2f;
  EACH(COUNT) series[i] = series[i] * y[i] + 2.402224243e-1f;
  EACH(COUNT) series[i] = series[i] * y[i] + 6.931470037e-1f;
  EACH(COUNT) series[i] = series[i] * y[i] + 1.0f;
  Vector below[COUNT];
  EACH(COUNT) below[i] = 1.0f + series[i] * (Vector)((Whole)shifted[i] << 23);
  if (COUNT % 4) {
    EACH(COUNT) x[i] = finished<A>(1.0f / below[i]);
    return;
  }
  Vector pairs[COUNT / 2 + 1];
  EACH(COUNT / 2) pairs[i] = below[2 * i] * below[2 * i + 1];
  EACH(COUNT / 4) {
    const Vector inverse = 1.0f / (pairs[2 * i] * pairs[2 * i + 1]);
    const Vector first = inverse * pairs[2 * i + 1], second = inverse * pairs[2 * i];
    x[4 * i] = finished<A>(first * below[4 * i + 1]);
    x[4 * i + 1] = finished<A>(first * below[4 * i]);
    x[4 * i + 2] = finished<A>(second * below[4 * i + 3]);
    x[4 * i + 3] = finished<A>(second * below[4 * i + 2]);
  }
}

// In place on `count` vectors.
template <Activation A> inline void activate(Vector* x, int count) {
  if (A == NONE) return;
  int i = 0;
  for (; i + ABREAST <= count; i += ABREAST) activate_abreast<A, ABREAST>(x + i);
  for (; i + 4 <= count; i += 4) activate_abreast<A, 4>(x + i);
  for (; i < count; i++) activate_abreast<A, 1>(x + i);
}

// The activation's derivative by its value.
template <Activation A> inline Vector slope(Vector value) {
  if (A == SIGMOID) return value * (1.0f - value);
  if (A == TANH) return 1.0f - value * value;
  return all(1.0f);
}

template <int IN, int OUT, int WINDOW, int STRIDE> struct Conv {
  static constexpr int in = IN, out = OUT, window = WINDOW, stride = STRIDE;
};

// SAME padding, the odd element on the right, as numerics/layers.py has it. Weights (out, in, window), then biases.
template <class C, int LENGTH_IN> struct Layer {
  static constexpr int length = (LENGTH_IN + C::stride - 1) / C::stride;
  static constexpr int missing = (length - 1) * C::stride + C::window - LENGTH_IN;
  static constexpr int left = missing > 0 ? missing / 2 : 0;
  static constexpr int padded = missing > 0 ? LENGTH_IN + missing : LENGTH_IN;
  static constexpr int weights = C::out * C::in * C::window, parameters = weights + C::out;

  // Before the activation.
  template <int STEP> static inline void forward(const float* w, const Vector (*in)[padded], Vector (*out)[STEP]) {
    for (int place = 0; place < length; place++) {
#pragma GCC unroll 8
      for (int o = 0; o < C::out; o++) {
        Vector total = all(w[weights + o]);
#pragma GCC unroll 8
        for (int i = 0; i < C::in; i++) {
#pragma GCC unroll 8
          for (int k = 0; k < C::window; k++) {
            total += w[(o * C::in + i) * C::window + k] * in[i][place * C::stride + k];
          }
        }
        out[o][place] = total;
      }
    }
  }

  // From the gradient of what the layer gave, before its activation, to that of what it was given; the gradients of the
  // parameters are added to `sums`.
  template <int STEP>
  static inline void backward(
      const float* w, const Vector (*in)[padded], const Vector (*given)[STEP], Vector (*gradient)[padded], Vector* sums) {
    Vector own[parameters];  // in registers, for layers as small as the paper's
    for (int p = 0; p < parameters; p++) own[p] = sums[p];
    for (int i = 0; i < C::in; i++) {
      for (int at = 0; at < padded; at++) gradient[i][at] = Vector{};
    }
    for (int place = 0; place < length; place++) {
      Vector d[C::out];
#pragma GCC unroll 8
      for (int o = 0; o < C::out; o++) {
        d[o] = given[o][place];
        own[weights + o] += d[o];
      }
#pragma GCC unroll 8
      for (int i = 0; i < C::in; i++) {
#pragma GCC unroll 8
        for (int k = 0; k < C::window; k++) {
          const int at = place * C::stride + k;
          Vector total = gradient[i][at];
#pragma GCC unroll 8
          for (int o = 0; o < C::out; o++) {
            const int index = (o * C::in + i) * C::window + k;
            total += w[index] * d[o];
            own[index] += d[o] * in[i][at];
          }
          gradient[i][at] = total;
        }
      }
    }
    for (int p = 0; p < parameters; p++) sums[p] = own[p];
  }
};

// What enters each layer, padded with zeros, and last what leaves: values after their activation A, or the gradients of
// what was before it.
template <Activation A, int CHANNELS, int L, class... Rest> struct Stack {
  static_assert(CHANNELS == 1, "the last layer gives one channel");
  static constexpr int parameters = 0, length = L, left = 0, padded = L;
  Vector here[CHANNELS][padded];
  void forward(const float*) {
    for (int c = 0; c < CHANNELS; c++) activate<A>(here[c], L);
  }
  void backward(const float*, const Stack&, Vector*) {}
  Vector (*inside())[padded] { return here; }
  Vector* last() { return here[0]; }
};

template <Activation A, int CHANNELS, int L, class First, class... Rest> struct Stack<A, CHANNELS, L, First, Rest...> {
  static_assert(CHANNELS == First::in, "a layer takes as many channels as the one before gives");
  using Own = Layer<First, L>;
  using Next = Stack<sizeof...(Rest) ? SIGMOID : LEAVING, First::out, Own::length, Rest...>;
  static constexpr int parameters = Own::parameters + Next::parameters, length = Next::length;
  static constexpr int left = Own::left, padded = Own::padded;
  Vector here[CHANNELS][padded];
  Next next;

  void forward(const float* w) {
    for (int c = 0; c < CHANNELS; c++) {
      activate<A>(here[c] + left, L);
      for (int at = 0; at < left; at++) here[c][at] = Vector{};
      for (int at = left + L; at < padded; at++) here[c][at] = Vector{};
    }
    Own::forward(w, here, next.inside());
    next.forward(w + Own::parameters);
  }
  void backward(const float* w, const Stack& values, Vector* sums) {
    next.backward(w + Own::parameters, values.next, sums + Own::parameters);
    Own::backward(w, values.here, next.inside(), here, sums);
    for (int c = 0; c < CHANNELS; c++) {
      for (int at = left; at < left + L; at++) here[c][at] *= slope<A>(values.here[c][at]);
    }
  }
  Vector (*inside())[padded] { return (Vector(*)[padded])(here[0] + left); }  // rows without the padding before them
  Vector* last() { return next.last(); }
};

using Convolutions = Stack<ENTERING, 1, LENGTH, LAYERS>;
constexpr int GIVEN = Convolutions::length, PARAMETERS = LENGTH + Convolutions::parameters;

inline Vector load(const float* from, int64_t count) {
  Vector v{};
  if (count >= LANES) memcpy(&v, from, sizeof v);
  else memcpy(&v, from, sizeof(float) * count);
  return v;
}

inline void store(float* to, Vector v, int64_t count) {
  if (count >= LANES) memcpy(to, &v, sizeof v);
  else memcpy(to, &v, sizeof(float) * count);
}

// How many sums of a product are made side by side in registers.
constexpr int together(int sums) { return sums % 8 == 0 ? 8 : sums % 4 == 0 ? 4 : sums % 2 == 0 ? 2 : 1; }

// mixed = matrix (LENGTH, WIDTH) times inputs, plus bias.
inline void mix(const float* matrix, const float* bias, const Vector* inputs, Vector* mixed) {
  constexpr int rows = together(LENGTH);
  for (int row = 0; row < LENGTH; row += rows) {
    Vector sums[rows];
    for (int r = 0; r < rows; r++) sums[r] = all(bias[row + r]);
    for (int i = 0; i < WIDTH; i++) {
#pragma GCC unroll 8
      for (int r = 0; r < rows; r++) sums[r] += matrix[(row + r) * WIDTH + i] * inputs[i];
    }
    for (int r = 0; r < rows; r++) mixed[row + r] = sums[r];
  }
}

// The gradient of the inputs: the matrix transposed times that of what it gave.
inline void unmix(const float* matrix, const Vector* mixed, Vector* inputs) {
  constexpr int columns = together(WIDTH);
  for (int column = 0; column < WIDTH; column += columns) {
    Vector sums[columns] = {};
    for (int i = 0; i < LENGTH; i++) {
#pragma GCC unroll 8
      for (int c = 0; c < columns; c++) sums[c] += matrix[i * WIDTH + column + c] * mixed[i];
    }
    for (int c = 0; c < columns; c++) inputs[column + c] = sums[c];
  }
}

// LANES examples from `inputs` on through all layers; missing ones are zeros. `w`: the bias of the fully connected layer,
// then the convolutions' weights.
inline void pass(
    Convolutions& values, const float* matrix, const float* w, const float* inputs, int64_t batch, int64_t count) {
  Vector entering[WIDTH];
  for (int i = 0; i < WIDTH; i++) entering[i] = load(inputs + i * batch, count);
  mix(matrix, w, entering, values.inside()[0]);
  values.forward(w + LENGTH);
}

// Calls work(replica, block, first, stop) for the examples [first, stop) of every block of every replica, on `threads`.
template <class Work>
void each_block(int64_t replicas, int64_t batch, int64_t block_size, int64_t threads, Work work) {
  const int64_t blocks = (batch + block_size - 1) / block_size;
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(threads)
  for (int64_t r = 0; r < replicas; r++) {
    for (int64_t block = 0; block < blocks; block++) {
      const int64_t stop = batch < (block + 1) * block_size ? batch : (block + 1) * block_size;
      work(r, block, block * block_size, stop);
    }
  }
}

}  // namespace

extern "C" {

// inputs (replicas, WIDTH, batch), matrix (replicas, LENGTH, WIDTH), weights (replicas, PARAMETERS)
// -> outputs (replicas, GIVEN, batch)
void forward(
    const float* inputs, const float* matrix, const float* weights, float* outputs, int64_t replicas, int64_t batch,
    int64_t block_size, int64_t threads) {
  each_block(replicas, batch, block_size, threads, [=](int64_t r, int64_t, int64_t first, int64_t stop) {
    const float *m = matrix + r * LENGTH * WIDTH, *w = weights + r * PARAMETERS;
    for (int64_t b = first; b < stop; b += LANES) {
      Convolutions values;
      pass(values, m, w, inputs + r * WIDTH * batch + b, batch, stop - b);
      for (int at = 0; at < GIVEN; at++) store(outputs + (r * GIVEN + at) * batch + b, values.last()[at], stop - b);
    }
  });
}

// given (replicas, GIVEN, batch), the gradient of the outputs -> the gradients of the inputs, as they are, unless that is
// null; of what the fully connected layer gave, `mixed` (replicas, LENGTH, batch), from which its matrix' gradient follows
// by a product; and of the weights for each block, `sums` (replicas, blocks, PARAMETERS), to be added up. What is between
// the layers is computed again: that takes less time than to write it down and read it.
void backward(
    const float* inputs, const float* matrix, const float* weights, const float* given, float* gradient, float* mixed,
    float* sums, int64_t replicas, int64_t batch, int64_t block_size, int64_t threads) {
  const int64_t blocks = (batch + block_size - 1) / block_size;
  each_block(replicas, batch, block_size, threads, [=](int64_t r, int64_t block, int64_t first, int64_t stop) {
    const float *m = matrix + r * LENGTH * WIDTH, *w = weights + r * PARAMETERS;
    Vector totals[PARAMETERS] = {};
    for (int64_t b = first; b < stop; b += LANES) {
      const int64_t count = stop - b;
      Convolutions values, gradients;
      pass(values, m, w, inputs + r * WIDTH * batch + b, batch, count);
      for (int at = 0; at < GIVEN; at++) {
        const Vector here = load(given + (r * GIVEN + at) * batch + b, count);
        gradients.last()[at] = here * slope<LEAVING>(values.last()[at]);
      }
      gradients.backward(w + LENGTH, values, totals + LENGTH);
      const Vector* of_mixed = gradients.inside()[0];
      for (int at = 0; at < LENGTH; at++) {
        totals[at] += of_mixed[at];
        store(mixed + (r * LENGTH + at) * batch + b, of_mixed[at], count);
      }
      if (!gradient) continue;
      Vector of_inputs[WIDTH];
      unmix(m, of_mixed, of_inputs);
      for (int i = 0; i < WIDTH; i++) store(gradient + (r * WIDTH + i) * batch + b, of_inputs[i], count);
    }
    for (int p = 0; p < PARAMETERS; p++) {
      float sum = 0;
      for (int lane = 0; lane < LANES; lane++) sum += totals[p][lane];
      sums[(r * blocks + block) * PARAMETERS + p] = sum;
    }
  });
}

}  // extern "C"
