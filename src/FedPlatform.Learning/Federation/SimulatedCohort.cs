using FedPlatform.Learning.Algorithms;
using FedPlatform.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Federation;

/// <summary>
/// Clients simulated on worker threads. Big clients start first so that the threads end together; updates are handed over by client id,
/// and at most <see cref="Window"/> of them and one a worker exist at a time, however many clients a round has.
/// </summary>
public sealed class SimulatedCohort(WorkerPool pool, StateLayout layout, int[][] clientSamples, int epochs, int batchSize, PrivateHeads privates, TimeProvider time) : ICohort
{
    /// <summary>Clients among which the order of work is free.</summary>
    public const int Window = 32;

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);
    private readonly Stack<Tensor> free = new();
    private readonly int driver = layout.Heads.ToList().FindIndex(h => h.DrivesBackbone);

    /// <summary>Steps of one client a round.</summary>
    public long Steps(int client) => (long)epochs * ((clientSamples[client].Length + batchSize - 1) / batchSize);

    public IEnumerable<ClientUpdate> Train(RoundTask task, Action<long, int> progress, CancellationToken cancellationToken)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var shared = new Shared(task, Plan(task.Clients), abandon.Token);
        WorkerPool.Job job = pool.Begin(worker => Work(worker, shared));
        int at = 0;
        try
        {
            for (; at < task.Clients.Count; at++)
            {
                yield return Next(shared, job, at, progress);
            }
        }
        finally
        {
            abandon.Cancel();
            lock (shared.Gate) Monitor.PulseAll(shared.Gate);
            job.Wait(Timeout.InfiniteTimeSpan);
            foreach (ClientUpdate? left in shared.Results) left?.Dispose();
        }
    }

    public void Dispose()
    {
        while (free.TryPop(out Tensor? tensor)) tensor.Dispose();
    }

    // Positions in task.Clients in the order of work: within a window the largest first, ties by id.
    private int[] Plan(IReadOnlyList<int> clients) =>
    [
        .. Enumerable.Range(0, clients.Count).Chunk(Window).SelectMany(window => window.OrderByDescending(i => clientSamples[clients[i]].Length).ThenBy(i => i)),
    ];

    private static ClientUpdate Next(Shared shared, WorkerPool.Job job, int at, Action<long, int> progress)
    {
        while (true)
        {
            lock (shared.Gate)
            {
                if (shared.Results[at] is { } update)
                {
                    shared.Results[at] = null;
                    shared.Folded = at + 1;
                    Monitor.PulseAll(shared.Gate);
                    return update;
                }

                if (job.Failure is null) Monitor.Wait(shared.Gate, Beat);
            }

            if (job.Failure is { } failure) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            shared.Token.ThrowIfCancellationRequested();
            progress(Volatile.Read(ref shared.Steps), Volatile.Read(ref shared.Done));
        }
    }

    private void Work(Worker worker, Shared shared)
    {
        try
        {
            while (true)
            {
                int turn = Interlocked.Increment(ref shared.Turn) - 1;
                if (turn >= shared.Order.Length) return;
                int position = shared.Order[turn];
                lock (shared.Gate)
                {
                    // Into the next window only while few updates wait to be folded. Everything before it is then in hand, so folding goes on.
                    while (position / Window > shared.Folded / Window && shared.Begun - shared.Folded >= Window && !shared.Token.IsCancellationRequested) Monitor.Wait(shared.Gate, Beat);
                    shared.Begun++;
                }

                shared.Token.ThrowIfCancellationRequested();
                ClientUpdate update = Train(worker, shared, shared.Task.Clients[position]);
                lock (shared.Gate)
                {
                    shared.Results[position] = update;
                    shared.Done++;
                    Monitor.PulseAll(shared.Gate);
                }
            }
        }
        catch (OperationCanceledException) when (shared.Token.IsCancellationRequested)
        {
            // The loop gave the round up and waits for this thread to let go.
        }
    }

    private ClientUpdate Train(Worker worker, Shared shared, int client)
    {
        long start = time.GetTimestamp();
        RoundTask task = shared.Task;
        LocalResult result = worker.Train(task.Global, privates.Of(client), task.Round, client, clientSamples[client], () => Interlocked.Increment(ref shared.Steps), shared.Token);
        double loss = driver >= 0 ? result.Losses[driver] : 0;
        if (Array.Exists(result.Losses, l => !double.IsFinite(l)))
        {
            int head = Array.FindIndex(result.Losses, l => !double.IsFinite(l));
            throw new RunFailedException($"Round {task.Round}, client {client}: the training loss of head \"{layout.Heads[head].Name}\" is not a finite number any more. A smaller learning rate or batch size that suits the client usually helps; the last committed round is kept.");
        }

        privates.Set(client, worker.Model.PrivateHeads());
        Tensor upload = Rent(worker);
        upload.copy_(worker.Model.Upload);
        return new ClientUpdate(() => Return(upload))
        {
            Client = client,
            Samples = clientSamples[client].Length,
            Upload = upload,
            Loss = loss,
            Seconds = time.GetElapsedTime(start).TotalSeconds,
        };
    }

    private Tensor Rent(Worker worker)
    {
        lock (free)
        {
            if (free.TryPop(out Tensor? tensor)) return tensor;
        }

        return empty(layout.UploadLength, device: worker.Model.Device).DetachFromDisposeScope();
    }

    private void Return(Tensor tensor)
    {
        lock (free) free.Push(tensor);
    }

    private sealed class Shared(RoundTask task, int[] order, CancellationToken token)
    {
        public object Gate { get; } = new();
        public RoundTask Task { get; } = task;
        public int[] Order { get; } = order;
        public CancellationToken Token { get; } = token;
        public ClientUpdate?[] Results { get; } = new ClientUpdate?[order.Length];
        public int Turn;
        public int Folded;
        public int Begun;
        public int Done;
        public long Steps;
    }
}
