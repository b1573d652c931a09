using FedPlatform.Learning.Torch;

namespace FedPlatform.Learning.Training;

/// <summary>
/// Threads that each own a <see cref="Worker"/> for the run's whole life: libtorch keeps its thread count, gradient mode and scopes a
/// thread, so work goes to the threads and never the other way.
/// </summary>
public sealed class WorkerPool : IDisposable
{
    private readonly Thread[] threads;
    private readonly Lock gate = new();
    private readonly ManualResetEventSlim[] starts;
    private readonly Func<Worker> factory;
    private Job? job;
    private volatile bool closing;

    public WorkerPool(int workers, Func<Worker> factory)
    {
        this.factory = factory;
        starts = [.. Enumerable.Range(0, workers).Select(_ => new ManualResetEventSlim())];
        threads = [.. Enumerable.Range(0, workers).Select(i => new Thread(() => Live(i)) { IsBackground = true, Name = $"trainer {i}" })];
        foreach (Thread thread in threads) thread.Start();
    }

    public int Workers => threads.Length;

    /// <summary>Runs <paramref name="body"/> once on every worker. One job at a time.</summary>
    public Job Begin(Action<Worker> body)
    {
        lock (gate)
        {
            if (job is { } last && !last.Wait(TimeSpan.Zero)) throw new InvalidOperationException("The workers are still busy.");
            job = new Job(body, threads.Length);
            foreach (ManualResetEventSlim start in starts) start.Set();
            return job;
        }
    }

    public void Dispose()
    {
        closing = true;
        foreach (ManualResetEventSlim start in starts) start.Set();
        foreach (Thread thread in threads) thread.Join();
        foreach (ManualResetEventSlim start in starts) start.Dispose();
    }

    private void Live(int index)
    {
        Worker? worker = null;
        while (true)
        {
            starts[index].Wait();
            starts[index].Reset();
            if (closing) break;
            Job mine = job!;
            try
            {
                if (worker is null)
                {
                    TorchRuntime.EnterThread();
                    worker = factory();
                }

                mine.Body(worker);
            }
#pragma warning disable CA1031 // Whatever a worker throws belongs to the thread that waits for the job.
            catch (Exception e)
#pragma warning restore CA1031
            {
                mine.Fail(e);
            }
            finally
            {
                mine.Leave();
            }
        }

        worker?.Dispose();
    }

    /// <summary>Work in progress on all workers.</summary>
    public sealed class Job
    {
        private readonly object gate = new();
        private int open;
        private Exception? failure;

        internal Job(Action<Worker> body, int workers) => (Body, open) = (body, workers);

        internal Action<Worker> Body { get; }

        /// <summary>The first failure of any worker.</summary>
        public Exception? Failure => Volatile.Read(ref failure);

        /// <summary>True when every worker is done.</summary>
        public bool Wait(TimeSpan timeout)
        {
            lock (gate)
            {
                if (open > 0 && timeout != TimeSpan.Zero)
                {
                    if (timeout != Timeout.InfiniteTimeSpan) Monitor.Wait(gate, timeout);
                    else while (open > 0) Monitor.Wait(gate);
                }

                return open == 0;
            }
        }

        internal void Fail(Exception e) => Interlocked.CompareExchange(ref failure, e, null);

        internal void Leave()
        {
            lock (gate)
            {
                open--;
                Monitor.PulseAll(gate);
            }
        }
    }
}
