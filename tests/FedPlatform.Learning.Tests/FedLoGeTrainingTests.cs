using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Learning.Algorithms.FedLoGe;
using FedPlatform.Learning.Federation;
using FedPlatform.Learning.Torch;

namespace FedPlatform.Learning.Tests;

/// <summary>What a trained FedLoGe looks like: the observations that the realignment rests on.</summary>
public sealed class FedLoGeTrainingTests : IDisposable
{
    private const int D = 64, Classes = 10, Rounds = 40;
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Norms_follow_class_sizes_and_the_classifier_stays_as_it_was_built()
    {
        RunSpec spec = Samples.FedLoGe with
        {
            Partition = new PartitionSpec { Alpha = 0.3, Clients = 5 },
            Participation = 1,
            Rounds = Rounds,
            EvaluateEvery = Rounds,
            Algorithm = Samples.FedLoGe.Algorithm with { LocalEpochs = 3, BatchSize = 8 },
        };
        RecordingObserver run = Samples.Run(spec, folder.Path).Observer;
        PartitionReport partition = run.Partition!;
        IReadOnlyDictionary<string, NamedTensor> final = Safetensors.Read(Path.Combine(folder.Path, CheckpointStore.FileName(Rounds))).Tensors;

        // ‖ψ_c‖ falls from head to tail.
        double[] psi = Norms(final["head.psi"].Floats());
        Assert.True(Spearman(psi, [.. partition.ClassCounts.Select(n => (double)n)]) > 0.8, string.Join(" ", psi));

        // φ_k's rows of classes that the client has grow beyond those of classes that it lacks, which stay near their start.
        for (int k = 0; k < 5; k++)
        {
            double[] phi = Norms(final[$"client.{k:D6}.phi"].Floats());
            int largest = partition.Counts[k].ToList().IndexOf(partition.Counts[k].Max());
            foreach (int absent in Enumerable.Range(0, Classes).Where(c => partition.Counts[k][c] == 0))
            {
                Assert.InRange(phi[absent], 0.4, 0.8);
                Assert.True(phi[absent] < phi[largest]);
            }
        }

        // W_S: built once, the same in every checkpoint, and what SSE-C says it is.
        float[] etf = final["head.etf"].Floats();
        Assert.Equal(etf, Safetensors.Read(Path.Combine(folder.Path, CheckpointStore.FileName(1))).Tensors["head.etf"].Floats());
        double[] built = SparseEtf.Build(D, Classes, 0.6, 0.1, 0, spec.Algorithm.ClassifierSteps);
        for (int i = 0; i < built.Length; i++) Assert.Equal((float)built[i], etf[i / D * (D + 1) + i % D]);
        for (int c = 0; c < Classes; c++) Assert.Equal(0, etf[c * (D + 1) + D]);

        RoundReport last = run.Rounds[^1];
        Assert.True(last.Gm > 0.4, $"GM {last.Gm}");
        Assert.True(last.Pm > last.Gm, $"PM {last.Pm}, GM {last.Gm}");
        Assert.True(last.Loss < run.Rounds[0].Loss);
    }

    private static double[] Norms(float[] head) => [.. head.Chunk(D + 1).Select(row => Math.Sqrt(row[..D].Sum(v => (double)v * v)))];

    private static double Spearman(double[] a, double[] b)
    {
        double[] ra = Ranks(a), rb = Ranks(b);
        double mean = (a.Length - 1) / 2.0;
        return ra.Zip(rb).Sum(p => (p.First - mean) * (p.Second - mean)) / ra.Sum(r => (r - mean) * (r - mean));

        static double[] Ranks(double[] values) => [.. values.Select(v => (double)values.Count(o => o < v))];
    }
}
