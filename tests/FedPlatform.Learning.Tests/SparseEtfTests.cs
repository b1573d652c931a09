using FedPlatform.Learning.Algorithms.FedLoGe;
using FedPlatform.Learning.Federation;

namespace FedPlatform.Learning.Tests;

public class SparseEtfTests
{
    [Theory]
    [InlineData(64, 10)]
    [InlineData(512, 100)]
    public void The_basis_is_orthonormal_and_the_dense_frame_equiangular(int d, int classes)
    {
        double[] p = SparseEtf.Orthonormal(d, classes, seed: 3);
        double[] m = SparseEtf.Dense(d, classes, seed: 3);
        for (int a = 0; a < classes; a++)
        {
            for (int b = 0; b < classes; b++)
            {
                Assert.Equal(a == b ? 1 : 0, Dot(p, a, b, d), 1e-6);
                Assert.Equal(a == b ? 1 : -1.0 / (classes - 1), Dot(m, a, b, d), 1e-6);
            }
        }

        for (int i = 0; i < d; i++) Assert.Equal(0, Enumerable.Range(0, classes).Sum(c => m[c * d + i]), 1e-9);
    }

    [Theory]
    [InlineData(512, 100, 30_720)]
    [InlineData(512, 10, 3_072)]
    [InlineData(64, 10, 384)]
    public void Exactly_the_floor_of_beta_d_C_entries_are_zero_and_no_class_is_empty(int d, int classes, int zeros)
    {
        bool[] kept = SparseEtf.Mask(d, classes, 0.6, seed: 0);
        Assert.Equal(zeros, kept.Count(k => !k));
        Assert.All(Enumerable.Range(0, classes), c => Assert.Contains(true, kept[(c * d)..((c + 1) * d)]));
    }

    [Fact]
    public void Optimising_restores_angles_and_norms_and_moves_no_zero()
    {
        const int D = 512, Classes = 10;
        bool[] kept = SparseEtf.Mask(D, Classes, 0.6, seed: 0);
        double[] w = SparseEtf.Build(D, Classes, 0.6, 0.1, seed: 0, steps: 10_000);
        for (int i = 0; i < w.Length; i++) Assert.Equal(kept[i], w[i] != 0);

        (double mean, double std) = Angles(w, D, Classes, out double[] norms);
        Assert.Equal(Math.Acos(-1.0 / (Classes - 1)) * 180 / Math.PI, mean, 0.01);
        Assert.InRange(std, 0, 0.15);
        Assert.All(norms, n => Assert.InRange(n, 0.0995, 0.1015));
    }

    [Fact]
    public void The_loss_falls_as_in_the_authors_log_for_a_hundred_classes()
    {
        const int D = 512, Classes = 100;
        double[] w = SparseEtf.Build(D, Classes, 0.6, 0.1, seed: 0, steps: 0);
        double[] later = SparseEtf.Build(D, Classes, 0.6, 0.1, seed: 0, steps: 100);

        // Logged: 26.7 at step 0, 16.1 at step 100.
        Assert.Equal(26.7, SparseEtf.Loss(w, D, Classes, 0.1), 0.6);
        Assert.Equal(16.1, SparseEtf.Loss(later, D, Classes, 0.1), 0.6);
    }

    [Fact]
    public void The_gradient_is_that_of_the_loss()
    {
        const int D = 12, Classes = 4;
        double[] w = SparseEtf.Build(D, Classes, 0.4, 0.1, seed: 5, steps: 0), gradient = new double[w.Length];
        SparseEtf.Gradient(w, D, Classes, 0.1, gradient);
        for (int i = 0; i < w.Length; i++)
        {
            const double Step = 1e-6;
            double[] up = [.. w], down = [.. w];
            up[i] += Step;
            down[i] -= Step;
            double numeric = (SparseEtf.Loss(up, D, Classes, 0.1) - SparseEtf.Loss(down, D, Classes, 0.1)) / (2 * Step);
            Assert.Equal(numeric, gradient[i], 1e-5);
        }
    }

    [Fact]
    public void More_classes_than_features_is_a_clear_error()
    {
        RunFailedException e = Assert.Throws<RunFailedException>(() => SparseEtf.Dense(64, 100, 0));
        Assert.Contains("d = 64", e.Message, StringComparison.Ordinal);
        Assert.Contains("C = 100", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_cache_gives_back_the_same_bytes_and_replaces_a_broken_file()
    {
        using var folder = new TemporaryFolder();
        var options = new FedLoGeOptions { ClassifierSteps = 50 };
        float[] built = SparseEtfCache.Load(folder.Path, 16, 4, options, (_, _) => { }, default);
        int asked = 0;
        float[] cached = SparseEtfCache.Load(folder.Path, 16, 4, options, (_, _) => asked++, default);
        Assert.Equal(built, cached);
        Assert.Equal(0, asked);

        string file = Assert.Single(Directory.GetFiles(folder.Path));
        File.WriteAllText(file, "not tensors");
        Assert.Equal(built, SparseEtfCache.Load(folder.Path, 16, 4, options, (_, _) => asked++, default));
        Assert.NotEqual(0, asked);
    }

    private static double Dot(double[] w, int a, int b, int d) => Enumerable.Range(0, d).Sum(i => w[a * d + i] * w[b * d + i]);

    private static (double Mean, double Std) Angles(double[] w, int d, int classes, out double[] norms)
    {
        double[] cosines = SparseEtf.Cosines(w, d, classes, out norms);
        double[] angles = [.. Enumerable.Range(0, classes * classes).Where(i => i / classes < i % classes).Select(i => Math.Acos(cosines[i]) * 180 / Math.PI)];
        double mean = angles.Average();
        return (mean, Math.Sqrt(angles.Average(a => (a - mean) * (a - mean))));
    }
}
