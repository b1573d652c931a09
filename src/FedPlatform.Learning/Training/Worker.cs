using FedPlatform.Datasets;
using FedPlatform.Learning.Batches;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Training;

/// <summary>What all workers of a run share; immutable.</summary>
/// <param name="Frozen">[frozen · C·(d+1)] or empty, on the device.</param>
public sealed record WorkerSetup(StateLayout Layout, LocalOptions Options, LoadedDataset Data, Augmentation Augmentation, long Seed, Device Device, Tensor Frozen);

/// <summary>What local training measured.</summary>
/// <param name="Losses">[H] mean cross-entropy a head over the samples seen.</param>
public sealed record LocalResult(double[] Losses, long Steps);

/// <summary>One thread's model and batches, made once and reused for every client and every evaluation.</summary>
public sealed class Worker : IDisposable
{
    /// <summary>Images of one evaluation pass; fixed, so that the numbers do not depend on who computes them.</summary>
    public const int EvaluationBatch = 256;

    private readonly WorkerSetup setup;
    private readonly BatchAssembler batches;
    private BatchAssembler? evaluation;

    public Worker(WorkerSetup setup)
    {
        this.setup = setup;
        Model = new LocalModel(setup.Layout, setup.Options, setup.Device);
        batches = new BatchAssembler(setup.Data.Info, setup.Augmentation, setup.Options.BatchSize, setup.Device);
    }

    public LocalModel Model { get; }

    /// <summary>
    /// E epochs over one client's samples from the server's model. Order and augmentation come from (seed, round, client, epoch, step):
    /// the result is a pure function of its arguments, whoever computes it and when.
    /// </summary>
    /// <param name="global">Upload-shaped server model.</param>
    /// <param name="onStep">Called after every step.</param>
    public LocalResult Train(Tensor global, ReadOnlySpan<float> privateHeads, int round, int client, int[] samples, Action? onStep = null, CancellationToken cancellationToken = default)
    {
        Model.Load(global, privateHeads, setup.Frozen);
        LocalOptions options = setup.Options;
        int heads = setup.Layout.Heads.Count;
        using DisposeScope scope = NewDisposeScope();
        Tensor sums = zeros(heads, device: setup.Device);
        double[] losses = new double[heads];
        int[] order = new int[samples.Length];
        long steps = 0;
        for (int epoch = 0; epoch < options.Epochs; epoch++)
        {
            samples.CopyTo(order, 0);
            CounterRandom.For(setup.Seed, "batches", round, client, epoch).Shuffle(order);
            for (int at = 0; at < order.Length; at += options.BatchSize)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using DisposeScope step = NewDisposeScope();
                CounterRandom? random = setup.Augmentation.IsNone ? null : CounterRandom.For(setup.Seed, "augment", round, client, epoch, at / options.BatchSize);
                (Tensor x, Tensor y) = batches.Assemble(setup.Data.Train, order.AsSpan(at, Math.Min(options.BatchSize, order.Length - at)), random);
                Model.Step(x, y, sums);
                steps++;
                onStep?.Invoke();
            }

            // One read an epoch: on a GPU it is the only wait, and float sums stay short.
            using DisposeScope read = NewDisposeScope();
            float[] epochSums = sums.cpu().data<float>().ToArray();
            for (int h = 0; h < heads; h++) losses[h] += epochSums[h];
            sums.zero_();
            if (Array.Exists(epochSums, v => !float.IsFinite(v))) break;
        }

        double seen = (double)samples.Length * options.Epochs;
        return new LocalResult([.. losses.Select(l => l / seen)], steps);
    }

    /// <summary>Features of test images [from, from+count) into rows of <paramref name="target"/> [N, d+1] (last column untouched).</summary>
    public void Features(int from, int count, Tensor target)
    {
        evaluation ??= new BatchAssembler(setup.Data.Info, Augmentation.None, EvaluationBatch, setup.Device);
        using DisposeScope scope = NewDisposeScope();
        int[] indices = [.. Enumerable.Range(from, count)];
        (Tensor x, _) = evaluation.Assemble(setup.Data.Test, indices, null);
        target.narrow(0, from, count).narrow(1, 0, setup.Layout.Backbone.FeatureDimension).copy_(Model.Features(x));
    }

    public void Dispose()
    {
        Model.Dispose();
        batches.Dispose();
        evaluation?.Dispose();
    }
}
