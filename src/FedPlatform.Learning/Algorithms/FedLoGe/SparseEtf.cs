using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using FedPlatform.Datasets;
using FedPlatform.Learning.Federation;

namespace FedPlatform.Learning.Algorithms.FedLoGe;

/// <summary>
/// SSE-C, the static sparse equiangular tight frame classifier W_S: C class vectors in R^d, of which exactly ⌊β·d·C⌋ entries are
/// zero, the others moved until norms are γ and angles those of the dense frame. All in double on fixed-width vectors, no fused
/// multiply-add: the same bits on every x64 machine. Rows are classes here, [C, d] row-major (the paper's columns).
/// </summary>
public static class SparseEtf
{
    private const double LearningRate = 1e-4, Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;
    private const double Clamp = 0.99999;

    /// <summary>P of the reduced QR of A ~ U[0,1)^{d×C}, as C orthonormal rows [C, d].</summary>
    /// <exception cref="RunFailedException">d &lt; C: fewer dimensions than classes hold no such frame.</exception>
    public static double[] Orthonormal(int d, int classes, long seed)
    {
        if (classes < 2) throw new RunFailedException($"An equiangular frame needs at least 2 classes, the data set has {classes}.");
        if (d < classes) throw new RunFailedException($"SSE-C needs d ≥ C: the model has d = {d} features, the data set C = {classes} classes. Choose a model with more features.");
        var random = CounterRandom.For(seed, "sse-c/basis");
        double[] p = new double[classes * d];
        foreach (ref double value in p.AsSpan()) value = random.NextDouble();

        // Gram-Schmidt, each vector cleaned twice: orthogonal to machine precision, R's diagonal positive.
        for (int c = 0; c < classes; c++)
        {
            Span<double> row = p.AsSpan(c * d, d);
            for (int pass = 0; pass < 2; pass++)
            {
                for (int j = 0; j < c; j++) AddScaled(row, p.AsSpan(j * d, d), -Dot(row, p.AsSpan(j * d, d)));
            }

            double norm = Math.Sqrt(Dot(row, row));
            foreach (ref double value in row) value /= norm;
        }

        return p;
    }

    /// <summary>The dense simplex frame M = √(C/(C−1)) · P · (I − 11ᵀ/C), [C, d]: norms 1, pairwise cosine −1/(C−1).</summary>
    public static double[] Dense(int d, int classes, long seed)
    {
        double[] m = Orthonormal(d, classes, seed);
        double[] mean = new double[d];
        for (int c = 0; c < classes; c++) AddScaled(mean, m.AsSpan(c * d, d), 1.0 / classes);
        double scale = Math.Sqrt(classes / (classes - 1.0));
        for (int i = 0; i < m.Length; i++) m[i] = scale * (m[i] - mean[i % d]);
        return m;
    }

    /// <summary>Where entries survive, [C, d]: exactly ⌊β·d·C⌋ are false, drawn without replacement over the whole matrix.</summary>
    public static bool[] Mask(int d, int classes, double beta, long seed)
    {
        // The small addend: 0.6 · 51,200 must not floor to 30,719.
        int zeros = (int)Math.Floor(beta * d * classes + 1e-6);
        int[] order = [.. Enumerable.Range(0, d * classes)];
        CounterRandom.For(seed, "sse-c/mask").Shuffle(order);
        bool[] kept = new bool[order.Length];
        foreach (int index in order.AsSpan(zeros)) kept[index] = true;
        for (int c = 0; c < classes; c++)
        {
            if (!kept.AsSpan(c * d, d).Contains(true)) throw new RunFailedException($"Sparsity β = {beta} leaves class {c} without a single entry (d = {d}, C = {classes}). Choose a smaller β or another classifierSeed.");
        }

        return kept;
    }

    /// <summary>W_S [C, d].</summary>
    /// <param name="progress">Told (steps done, steps) now and then.</param>
    public static double[] Build(int d, int classes, double beta, double gamma, long seed, int steps, Action<long, long>? progress = null, CancellationToken cancellationToken = default)
    {
        double[] w = Dense(d, classes, seed);
        bool[] kept = Mask(d, classes, beta, seed);
        for (int i = 0; i < w.Length; i++) w[i] = kept[i] ? w[i] : 0;
        double[] first = new double[w.Length], second = new double[w.Length], gradient = new double[w.Length];
        double power1 = 1, power2 = 1;
        for (int step = 0; step < steps; step++)
        {
            if (step % 500 == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Invoke(step, steps);
            }

            Gradient(w, d, classes, gamma, gradient);
            power1 *= Beta1;
            power2 *= Beta2;
            double rate = LearningRate / (1 - power1), root = Math.Sqrt(1 - power2);
            for (int i = 0; i < w.Length; i++)
            {
                if (!kept[i]) continue;
                double g = gradient[i];
                first[i] = Beta1 * first[i] + (1 - Beta1) * g;
                second[i] = Beta2 * second[i] + (1 - Beta2) * g * g;
                w[i] -= rate * first[i] / (Math.Sqrt(second[i]) / root + Epsilon);
            }
        }

        progress?.Invoke(steps, steps);
        return w;
    }

    /// <summary>L = Σ_c (‖w_c‖ − γ)² − mean_c acos(clamp(max_{j≠c} cos(w_c, w_j), ±0.99999)).</summary>
    public static double Loss(ReadOnlySpan<double> w, int d, int classes, double gamma)
    {
        double[] cosines = Cosines(w, d, classes, out double[] norms);
        double loss = 0;
        for (int c = 0; c < classes; c++)
        {
            double m = cosines[c * classes + Nearest(cosines, classes, c)];
            loss += (norms[c] - gamma) * (norms[c] - gamma) - Math.Acos(Math.Clamp(m, -Clamp, Clamp)) / classes;
        }

        return loss;
    }

    /// <summary>∂L/∂w in closed form into <paramref name="gradient"/> [C, d], unmasked.</summary>
    public static void Gradient(ReadOnlySpan<double> w, int d, int classes, double gamma, Span<double> gradient)
    {
        double[] cosines = Cosines(w, d, classes, out double[] norms);
        gradient.Clear();
        for (int c = 0; c < classes; c++)
        {
            ReadOnlySpan<double> wc = w.Slice(c * d, d);

            // ∂(‖w_c‖ − γ)²/∂w_c = 2 (‖w_c‖ − γ) ŵ_c
            AddScaled(gradient.Slice(c * d, d), wc, 2 * (norms[c] - gamma) / norms[c]);
            int j = Nearest(cosines, classes, c);
            double m = cosines[c * classes + j];
            if (Math.Abs(m) >= Clamp) continue;

            // −∂acos(m)/∂m = 1/√(1−m²); ∂m/∂w_c = (ŵ_j − m ŵ_c)/‖w_c‖, and the same with c and j exchanged.
            double scale = 1 / (classes * Math.Sqrt(1 - m * m));
            ReadOnlySpan<double> wj = w.Slice(j * d, d);
            double cross = scale / (norms[c] * norms[j]);
            AddScaled(gradient.Slice(c * d, d), wj, cross);
            AddScaled(gradient.Slice(c * d, d), wc, -scale * m / (norms[c] * norms[c]));
            AddScaled(gradient.Slice(j * d, d), wc, cross);
            AddScaled(gradient.Slice(j * d, d), wj, -scale * m / (norms[j] * norms[j]));
        }
    }

    /// <summary>cos(w_c, w_j), [C, C].</summary>
    public static double[] Cosines(ReadOnlySpan<double> w, int d, int classes, out double[] norms)
    {
        double[] cosines = new double[classes * classes];
        norms = new double[classes];
        for (int c = 0; c < classes; c++) norms[c] = Math.Sqrt(Dot(w.Slice(c * d, d), w.Slice(c * d, d)));
        for (int c = 0; c < classes; c++)
        {
            cosines[c * classes + c] = 1;
            for (int j = 0; j < c; j++)
            {
                cosines[c * classes + j] = cosines[j * classes + c] = Dot(w.Slice(c * d, d), w.Slice(j * d, d)) / (norms[c] * norms[j]);
            }
        }

        return cosines;
    }

    // argmax over j ≠ c, the first of equals.
    private static int Nearest(double[] cosines, int classes, int c)
    {
        int best = c == 0 ? 1 : 0;
        for (int j = best + 1; j < classes; j++)
        {
            if (j != c && cosines[c * classes + j] > cosines[c * classes + best]) best = j;
        }

        return best;
    }

    // Eight lanes by name, whatever the machine has: the order of summation is part of the result.
    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        Vector512<double> s0 = Vector512<double>.Zero, s1 = Vector512<double>.Zero;
        ReadOnlySpan<Vector512<double>> va = MemoryMarshal.Cast<double, Vector512<double>>(a), vb = MemoryMarshal.Cast<double, Vector512<double>>(b);
        int i = 0;
        for (; i + 1 < va.Length; i += 2)
        {
            s0 += va[i] * vb[i];
            s1 += va[i + 1] * vb[i + 1];
        }

        if (i < va.Length) s0 += va[i] * vb[i];
        Vector512<double> lanes = s0 + s1;
        double sum = 0;
        for (int lane = 0; lane < Vector512<double>.Count; lane++) sum += lanes[lane];
        for (int k = va.Length * Vector512<double>.Count; k < a.Length; k++) sum += a[k] * b[k];
        return sum;
    }

    private static void AddScaled(Span<double> target, ReadOnlySpan<double> source, double scale)
    {
        int width = Vector<double>.Count, i = 0;
        var factor = new Vector<double>(scale);
        for (; i + width <= target.Length; i += width)
        {
            Vector<double> sum = new Vector<double>(target[i..]) + new Vector<double>(source[i..]) * factor;
            sum.CopyTo(target[i..]);
        }

        for (; i < target.Length; i++) target[i] += source[i] * scale;
    }
}
