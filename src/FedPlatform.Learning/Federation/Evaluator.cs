using FedPlatform.Contracts.Runs;
using FedPlatform.Datasets;
using FedPlatform.Learning.Algorithms;
using FedPlatform.Learning.Metrics;
using FedPlatform.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Federation;

/// <summary>
/// GM and PM of a server model. The backbone sees every test image once; all heads, generic and K personal ones, read the same
/// features z [N, d+1] (last column 1, for the bias).
/// </summary>
public sealed class Evaluator(WorkerPool pool, StateLayout layout, FederatedAlgorithm algorithm, LoadedDataset data, FederatedPlan plan, string mask, string groupRule, Tensor frozen) : IDisposable
{
    /// <summary>Clients whose heads are in memory at a time.</summary>
    public const int ClientChunk = 64;

    private readonly Tensor features = ones(data.Test.Count, layout.RowLength).DetachFromDisposeScope();
    private readonly int classes = layout.Classes;
    private readonly ClassGroup[] groups = ClassGroups.By(groupRule, plan.Report.ClassCounts);

    /// <summary><paramref name="report"/> with every measure of the model <paramref name="global"/> (upload-shaped) filled in.</summary>
    /// <param name="privates">Private heads of a client.</param>
    /// <param name="pulse">Called now and then while the backbone works; may throw to give up.</param>
    public RoundReport Measure(RoundReport report, Tensor global, Func<int, float[]> privates, Action pulse)
    {
        Backbone(global, pulse);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable quiet = no_grad();
        Tensor shared = Heads(global.narrow(0, layout.HeadsStart, layout.UploadLength - layout.HeadsStart).cpu(), HeadRole.Shared);
        Tensor still = Heads(frozen.cpu(), HeadRole.Frozen);
        GenericHeads heads = algorithm.Generic(shared, still);
        int[] gm = Predict(heads.Gm), classifier = Predict(heads.Classifier);
        var confusion = new Confusion(classes, data.Test.Labels, gm);
        var trained = new Confusion(classes, data.Test.Labels, classifier);
        double?[] perClass = confusion.PerClass();
        report = report with
        {
            Gm = confusion.TopOne(),
            GmClassifier = trained.TopOne(),
            GmAuxiliary = heads.Auxiliary is { } auxiliary ? new Confusion(classes, data.Test.Labels, Predict(auxiliary)).TopOne() : null,
            Groups = Groups.Mean(perClass, groups),
            GroupsByRule = new Dictionary<string, GroupAccuracy>
            {
                ["counts"] = Groups.Mean(perClass, ClassGroups.ByCounts(plan.Report.ClassCounts)),
                ["cumulative"] = Groups.Mean(perClass, ClassGroups.ByCumulative(plan.Report.ClassCounts)),
            },
            PerClass = [.. perClass.Select(v => v ?? 0)],
            PerClassClassifier = [.. trained.PerClass().Select(v => v ?? 0)],
            Confusion = [.. confusion.Counts],
        };
        return Personal(report, shared, privates, gm);
    }

    public void Dispose() => features.Dispose();

    // One pass, in fixed chunks shared out among the workers.
    private void Backbone(Tensor global, Action pulse)
    {
        int chunks = (data.Test.Count + Worker.EvaluationBatch - 1) / Worker.EvaluationBatch, next = 0;
        bool given = false;
        WorkerPool.Job job = pool.Begin(worker =>
        {
            worker.Model.Load(global, [], frozen);
            for (int chunk; !Volatile.Read(ref given) && (chunk = Interlocked.Increment(ref next) - 1) < chunks;)
            {
                int from = chunk * Worker.EvaluationBatch;
                worker.Features(from, Math.Min(Worker.EvaluationBatch, data.Test.Count - from), features);
            }
        });
        try
        {
            while (!job.Wait(TimeSpan.FromMilliseconds(50))) pulse();
        }
        finally
        {
            Volatile.Write(ref given, true);
            job.Wait(Timeout.InfiniteTimeSpan);
        }

        if (job.Failure is { } failure) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    // [C,d+1] → [N]
    private int[] Predict(Tensor head)
    {
        using DisposeScope scope = NewDisposeScope();
        return Array.ConvertAll(features.mm(head.t()).argmax(1).data<long>().ToArray(), c => (int)c);
    }

    private RoundReport Personal(RoundReport report, Tensor shared, Func<int, float[]> privates, int[] generic)
    {
        IReadOnlyList<string> variants = algorithm.PersonalVariants;
        int chosenVariant = variants.ToList().IndexOf(algorithm.PersonalVariant), chosenMask = MaskedArgmax.Masks.ToList().IndexOf(mask);
        if (chosenVariant < 0) throw new RunFailedException($"Unknown personalised realignment \"{algorithm.PersonalVariant}\": known are {string.Join(", ", variants)}.");
        if (chosenMask < 0) throw new RunFailedException($"Unknown absent-class mask \"{mask}\": known are {string.Join(", ", MaskedArgmax.Masks)}.");
        int clients = plan.ClientTrain.Length;
        double?[][] accuracy = [.. Enumerable.Range(0, variants.Count * MaskedArgmax.Masks.Count).Select(_ => new double?[clients])];
        ClientReport[] reports = [.. report.Clients];
        foreach (int[] chunk in Enumerable.Range(0, clients).Where(k => plan.ClientTest[k].Length > 0).Chunk(ClientChunk))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor heads = Stack(shared, chunk, privates);                                          // [n, V·C, d+1]
            for (int i = 0; i < chunk.Length; i++)
            {
                int k = chunk[i];
                int[] images = plan.ClientTest[k], labels = Array.ConvertAll(images, image => data.Test.Labels[image]);
                float[] logits = Logits(heads, i, images);                                          // [t_k, V, C]
                for (int v = 0; v < variants.Count; v++)
                {
                    for (int m = 0; m < MaskedArgmax.Masks.Count; m++)
                    {
                        int[] predicted = Choose(logits, labels.Length, variants.Count, v, Allowed(m, k));
                        accuracy[v * MaskedArgmax.Masks.Count + m][k] = (double)labels.Zip(predicted).Count(p => p.First == p.Second) / labels.Length;
                        if (v == chosenVariant && m == chosenMask) reports[k] = Describe(reports[k], labels, predicted);
                    }
                }

                reports[k] = reports[k] with { Gm = (double)images.Count(image => generic[image] == data.Test.Labels[image]) / images.Length };
            }
        }

        var all = new Dictionary<string, double>();
        for (int i = 0; i < accuracy.Length; i++)
        {
            if (Spread.Of(accuracy[i]) is { } mean) all[$"{variants[i / MaskedArgmax.Masks.Count]}/{MaskedArgmax.Masks[i % MaskedArgmax.Masks.Count]}"] = mean.Mean;
        }

        Spread? spread = Spread.Of(reports.Select(r => r.Pm));
        return report with { Clients = reports, PmVariants = all, Pm = spread?.Mean, PmStd = spread?.Std, PmWorst = spread?.Worst };
    }

    private ClientReport Describe(ClientReport report, int[] labels, int[] predicted)
    {
        var confusion = new Confusion(classes, labels, predicted);
        double?[] perClass = confusion.PerClass();
        return report with
        {
            Pm = confusion.TopOne(),
            MacroF1 = confusion.MacroF1(),
            WeightedF1 = confusion.WeightedF1(),
            Groups = Groups.Mean(perClass, groups),
            PerClass = perClass,
        };
    }

    private Tensor Stack(Tensor shared, int[] clients, Func<int, float[]> privates)
    {
        int own = layout.Count(HeadRole.Private);
        Tensor phi = own == 0
            ? empty(clients.Length, 0, classes, layout.RowLength)
            : tensor(clients.SelectMany(privates).ToArray(), [clients.Length, own, classes, layout.RowLength]);
        Tensor[] variants = [.. algorithm.Personal(shared, phi, clients.Length)];
        return stack(variants, 1).view(clients.Length, variants.Length * classes, layout.RowLength);
    }

    private float[] Logits(Tensor heads, int index, int[] images)
    {
        using DisposeScope scope = NewDisposeScope();
        return features.index_select(0, tensor(images, dtype: ScalarType.Int64)).mm(heads[index].t()).data<float>().ToArray();
    }

    private int[] Choose(float[] logits, int samples, int variants, int variant, bool[] allowed)
    {
        int[] predicted = new int[samples];
        for (int i = 0; i < samples; i++) predicted[i] = MaskedArgmax.Of(logits.AsSpan((i * variants + variant) * classes, classes), allowed);
        return predicted;
    }

    private bool[] Allowed(int which, int client) => which switch
    {
        1 => [.. plan.Report.Counts[client].Select(n => n > 0)],
        2 => [.. plan.Report.LocalTestCounts[client].Select(n => n > 0)],
        _ => [],
    };

    private Tensor Heads(Tensor flat, HeadRole role) => flat.view(layout.Count(role), classes, layout.RowLength);
}
