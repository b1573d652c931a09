using System.Runtime.InteropServices;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Learning.Algorithms;
using FedPlatform.Learning.Batches;
using FedPlatform.Learning.Models;
using FedPlatform.Learning.Torch;
using FedPlatform.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Federation;

/// <summary>
/// The one round loop: sample clients, gather their updates, fold them by n_k in client order, check, measure, checkpoint, commit. What is
/// committed is a pure function of spec and data: the same bytes on any number of workers, interrupted or not.
/// </summary>
public sealed class FederatedRun(RunSetup setup, IRunObserver observer, TimeProvider time)
{
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromMilliseconds(100);
    private readonly RunSpec spec = setup.Spec;
    private long lastProgress;

    /// <summary>Runs to the end, or until asked to pause or to stop.</summary>
    /// <exception cref="RunFailedException">The same would happen again; the message is for people.</exception>
    /// <exception cref="FencedException">From the observer.</exception>
    /// <exception cref="IOException">A checkpoint could not be written, a full disk above all; nothing of the round counts.</exception>
    /// <exception cref="OperationCanceledException">The round in progress is abandoned.</exception>
    public RunOutcome Run(CancellationToken cancellationToken = default)
    {
        try
        {
            return Loop(cancellationToken);
        }
        catch (StopRequested)
        {
            return RunOutcome.Stopped;
        }
        catch (ExternalException e)
        {
            // libtorch's errors carry a long native trace: its first line is for people, the rest for the log.
            string first = TorchRuntime.FirstLine(e.Message);
            bool memory = e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("DefaultCPUAllocator", StringComparison.Ordinal);
            throw new RunFailedException(memory ? $"Out of memory: {first}. Use fewer workers, smaller batches or a smaller model." : $"libtorch reported an error: {first}", e.ToString(), e);
        }
    }

    private RunOutcome Loop(CancellationToken cancellationToken)
    {
        Device device = TorchRuntime.Device(spec.Device);
        using IDisposable quiet = no_grad();
        FederatedPlan plan = FederatedPlan.Create(spec, setup.Data);
        observer.Partitioned(plan.Report);

        int classes = setup.Data.Info.ClassNames.Count;
        Backbone backbone = BackboneFactory.Create(spec.Model, setup.Data.Info.Shape);
        FederatedAlgorithm algorithm = AlgorithmFactory.Create(spec.Algorithm, backbone.FeatureDimension, classes, setup.CacheFolder);
        var layout = new StateLayout(backbone, algorithm.Heads, classes);
        var store = new CheckpointStore(setup.Folder, layout, spec);
        var privates = new PrivateHeads(layout, spec.Seed);
        CheckpointState start = Begin(store, layout, algorithm, privates, cancellationToken);

        AlgorithmSpec a = spec.Algorithm;
        var options = new LocalOptions(a.LocalEpochs, a.BatchSize, a.LearningRate, a.Momentum, a.WeightDecay);
        var augmentation = new Augmentation(spec.Augmentation.CropPadding ?? setup.Data.Info.DefaultCropPadding, spec.Augmentation.HorizontalFlip ?? setup.Data.Info.DefaultHorizontalFlip);
        using Tensor global = tensor(start.Upload).to(device).DetachFromDisposeScope();
        using Tensor frozen = tensor(start.Frozen).to(device).DetachFromDisposeScope();
        int workers = Math.Clamp(spec.Workers ?? (device.type == DeviceType.CPU ? Environment.ProcessorCount : 1), 1, plan.ClientTrain.Length);
        using var pool = new WorkerPool(workers, () => new Worker(new WorkerSetup(layout, options, setup.Data, augmentation, spec.Seed, device, frozen)));
        using var cohort = new SimulatedCohort(pool, layout, plan.ClientTrain, options.Epochs, options.BatchSize, privates, time);
        using var evaluator = new Evaluator(pool, layout, algorithm, setup.Data, plan, spec.Evaluation.AbsentClassMask, spec.Evaluation.GroupRule, frozen);
        observer.Log("info", $"{spec.Model} with {layout.Parameters:N0} shared parameters, {plan.ClientTrain.Length} clients, {workers} worker(s) on {spec.Device}.");

        for (int round = setup.CommittedRounds + 1; round <= spec.Rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (observer.Order == RunOrder.Pause) return RunOutcome.Paused;
            ThrowIfStopped();
            var clock = new RoundClock(time);
            RoundReport report = Train(round, plan, layout, cohort, global, clock, cancellationToken);
            if (round % spec.EvaluateEvery == 0 || round == spec.Rounds)
            {
                Progress(new RoundProgress { Round = round, Phase = "evaluate" }, always: true);
                report = evaluator.Measure(report, global, privates.Of, ThrowIfStopped);
                clock.Lap("evaluate");
            }

            Progress(new RoundProgress { Round = round, Phase = "checkpoint" }, always: true);
            ThrowIfStopped();
            CheckpointFile file = store.Save(new CheckpointState(round, Host(global), start.Frozen, privates.Trained.ToDictionary(p => p.Key, p => p.Value)));
            clock.Lap("checkpoint");
            observer.Commit(report with { Seconds = clock.Total, Phases = clock.Phases }, file);
        }

        return RunOutcome.Finished;
    }

    private CheckpointState Begin(CheckpointStore store, StateLayout layout, FederatedAlgorithm algorithm, PrivateHeads privates, CancellationToken cancellationToken)
    {
        if (setup.Resume is { } file)
        {
            CheckpointState state = store.Load(file);
            if (state.Round != setup.CommittedRounds) throw new RunFailedException($"Checkpoint {file.Name} is of round {state.Round}, {setup.CommittedRounds} rounds are committed.");
            foreach ((int client, float[] heads) in state.Privates) privates.Set(client, heads);
            observer.Log("info", $"Going on from {file.Name}, {state.Round} of {spec.Rounds} rounds done.");
            return state;
        }

        if (setup.CommittedRounds > 0) throw new RunFailedException($"{setup.CommittedRounds} rounds are committed, but no checkpoint was named to go on from.");
        float[] frozen = algorithm.Frozen(
            (done, all) =>
            {
                ThrowIfStopped();
                Progress(new RoundProgress { Round = 1, Phase = "classifier", StepsDone = done, StepsTotal = all });
            },
            cancellationToken);
        return new CheckpointState(0, layout.InitialUpload(spec.Seed), frozen, new Dictionary<int, float[]>());
    }

    // One round without its measuring: global becomes the mean of the sampled clients' uploads.
    private RoundReport Train(int round, FederatedPlan plan, StateLayout layout, SimulatedCohort cohort, Tensor global, RoundClock clock, CancellationToken cancellationToken)
    {
        int[] sampled = ClientSampler.Sample(plan.ClientTrain.Length, spec.Participation, spec.Seed, round);
        int[] active = [.. sampled.Where(k => plan.ClientTrain[k].Length > 0)];
        ClientReport[] clients = [.. plan.ClientTrain.Select((samples, k) => new ClientReport { Id = k, Samples = samples.Length, Selected = Array.BinarySearch(sampled, k) >= 0 })];
        if (active.Length == 0)
        {
            observer.Log("warning", $"Round {round}: none of the sampled clients holds data; the model stays as it is.");
            clock.Lap("train");
            return new RoundReport { Round = round, Clients = clients };
        }

        long steps = active.Sum(cohort.Steps);
        using var mean = new WeightedMean(global, active.Sum(k => (long)plan.ClientTrain[k].Length));
        using var geometry = new UpdateGeometry(global, layout.TrainableStart, layout.UploadTrainable, active.Length);
        double loss = 0;
        long seen = 0;
        void Told(long done, int finished)
        {
            ThrowIfStopped();
            Progress(new RoundProgress { Round = round, Phase = "train", ClientsDone = finished, ClientsTotal = active.Length, StepsDone = done, StepsTotal = steps });
        }

        foreach (ClientUpdate update in cohort.Train(new RoundTask(round, active, global), Told, cancellationToken))
        {
            using (update)
            {
                mean.Fold(update.Upload, update.Samples);
                geometry.Add(update.Client, update.Upload);
                clients[update.Client] = clients[update.Client] with { Loss = update.Loss, Seconds = update.Seconds };
                loss += update.Loss * update.Samples;
                seen += update.Samples;
            }
        }

        clock.Lap("train");
        Tensor next = mean.Result();
        CheckFinite(next, round, clients);
        foreach ((int k, (double norm, double cosine)) in geometry.Against(next)) clients[k] = clients[k] with { UpdateNorm = norm, UpdateCosine = cosine };
        global.copy_(next);
        clock.Lap("aggregate");
        return new RoundReport { Round = round, Loss = loss / seen, Clients = clients };
    }

    private static void CheckFinite(Tensor model, int round, ClientReport[] clients)
    {
        using DisposeScope scope = NewDisposeScope();
        if (model.isfinite().all().item<bool>()) return;
        ClientReport worst = clients.Where(c => c.Loss is not null).MaxBy(c => c.Loss)!;
        throw new RunFailedException($"Round {round}: the averaged model is not finite any more; client {worst.Id} had the highest loss ({worst.Loss:G4}). A smaller learning rate usually helps; the last committed round is kept.");
    }

    private static float[] Host(Tensor tensor)
    {
        using DisposeScope scope = NewDisposeScope();
        return tensor.cpu().data<float>().ToArray();
    }

    private void Progress(RoundProgress progress, bool always = false)
    {
        if (!always && lastProgress != 0 && time.GetElapsedTime(lastProgress) < ProgressEvery) return;
        lastProgress = time.GetTimestamp();
        observer.Progress(progress with { MemoryBytes = Environment.WorkingSet });
    }

    private void ThrowIfStopped()
    {
        if (observer.Order == RunOrder.Stop) throw new StopRequested();
    }

#pragma warning disable CA1064 // Never leaves this class.
    private sealed class StopRequested : Exception;
#pragma warning restore CA1064

    private sealed class RoundClock(TimeProvider time)
    {
        private readonly long start = time.GetTimestamp();
        private long lap = time.GetTimestamp();

        public Dictionary<string, double> Phases { get; } = [];

        public double Total => time.GetElapsedTime(start).TotalSeconds;

        public void Lap(string phase)
        {
            Phases[phase] = Phases.GetValueOrDefault(phase) + time.GetElapsedTime(lap).TotalSeconds;
            lap = time.GetTimestamp();
        }
    }
}
