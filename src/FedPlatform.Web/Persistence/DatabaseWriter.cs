using System.Threading.Channels;
using FedPlatform.Contracts.Live;
using FedPlatform.Data;
using FedPlatform.Data.Queries;
using FedPlatform.Data.Runs;
using FedPlatform.Web.Realtime;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Persistence;

/// <summary>
/// The one writer of everything about runs: work is done in the order it was asked for, one IMMEDIATE transaction each.
/// Events that a transaction stored are published after it is durable, in the same order.
/// </summary>
public sealed class DatabaseWriter : IAsyncDisposable
{
    private readonly IDbContextFactory<PlatformContext> _contexts;
    private readonly RunFeed _feed;
    private readonly TimeProvider _time;
    private readonly DiskReserve _reserve;
    private readonly Channel<Func<Task>> _queue =
        Channel.CreateBounded<Func<Task>>(new BoundedChannelOptions(1024) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly Task _loop;

    public DatabaseWriter(IDbContextFactory<PlatformContext> contexts, RunFeed feed, TimeProvider time, DiskReserve reserve)
    {
        (_contexts, _feed, _time, _reserve) = (contexts, feed, time, reserve);
        _loop = Task.Factory.StartNew(Drain, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>
    /// Runs <paramref name="work"/> in a transaction of its own and returns when it is durable. An exception rolls back.
    /// Cancelling gives up waiting for the turn; work that began is finished.
    /// </summary>
    public async Task<T> Write<T>(Func<WriteScope, Task<T>> work, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _queue.Writer.WriteAsync(
            async () =>
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    done.TrySetCanceled(cancellationToken);
                    return;
                }

                try
                {
                    done.TrySetResult(await Execute(work));
                }
#pragma warning disable CA1031 // whatever went wrong belongs to whoever asked for the work
                catch (Exception e)
#pragma warning restore CA1031
                {
                    done.TrySetException(e);
                }
            },
            cancellationToken);
        return await done.Task;
    }

    /// <summary>
    /// The same for what must be said even on a full disk: tried once more with the room kept in reserve.
    /// </summary>
    public async Task<T> WriteEssential<T>(Func<WriteScope, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await Write(work, cancellationToken);
        }
        catch (Exception e) when (DiskFull.Is(e) && _reserve.Release())
        {
            return await Write(work, cancellationToken);
        }
    }

    public Task Write(Func<WriteScope, Task> work, CancellationToken cancellationToken) => Write(
        async scope =>
        {
            await work(scope);
            return true;
        },
        cancellationToken);

    public Task WriteEssential(Func<WriteScope, Task> work, CancellationToken cancellationToken) => WriteEssential(
        async scope =>
        {
            await work(scope);
            return true;
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
    }

    private async Task<T> Execute<T>(Func<WriteScope, Task<T>> work)
    {
        await using var db = await _contexts.CreateDbContextAsync();

        // Microsoft.Data.Sqlite begins IMMEDIATE unless asked otherwise: the write lock is taken first, never upgraded to.
        await using var transaction = await db.Database.BeginTransactionAsync();
        var scope = new WriteScope(db, _time.GetUtcNow());
        var result = await work(scope);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        foreach (var (team, e) in scope.Events)
        {
            _feed.Publish(team, e);
        }

        foreach (var action in scope.Afterwards)
        {
            action();
        }

        return result;
    }

    private async Task Drain()
    {
        await foreach (var work in _queue.Reader.ReadAllAsync())
        {
            await work();
        }
    }
}

/// <summary>One transaction of the writer.</summary>
public sealed class WriteScope(PlatformContext db, DateTimeOffset now)
{
    private readonly List<(Guid Team, RunEvent Event)> _events = [];
    private readonly List<Action> _afterwards = [];

    public PlatformContext Db { get; } = db;
    public DateTimeOffset Now { get; } = now;

    internal IReadOnlyList<(Guid Team, RunEvent Event)> Events => _events;
    internal IReadOnlyList<Action> Afterwards => _afterwards;

    /// <summary>The run, tracked; null when there is none.</summary>
    public Task<RunRecord?> Run(Guid id) => Db.Runs.FirstOrDefaultAsync(r => r.Id == id);

    /// <summary>Stores an event under the run's next sequence number and publishes it after the commit.</summary>
    public RunEvent Emit(RunRecord run, RunEvent e)
    {
        var numbered = e with { RunId = run.Id, Sequence = ++run.LastSequence, At = Now };
        Db.Events.Add(StoredEvent.Write(numbered));
        _events.Add((run.TeamId, numbered));
        return numbered;
    }

    public RunEvent EmitState(RunRecord run) => Emit(run, new RunEvent
    {
        RunId = run.Id,
        Sequence = 0,
        At = Now,
        Kind = RunEventKind.State,
        State = new StateChange { State = run.State, Reason = run.Reason },
    });

    public RunEvent EmitLog(RunRecord run, string level, string text) => Emit(run, new RunEvent
    {
        RunId = run.Id,
        Sequence = 0,
        At = Now,
        Kind = RunEventKind.Log,
        Log = new LogLine { At = Now, Level = level, Text = text },
    });

    /// <summary>Runs once the transaction is durable, on the writer's thread: must be quick and must not throw.</summary>
    public void After(Action action) => _afterwards.Add(action);
}
