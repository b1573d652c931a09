using FedPlatform.Contracts.Agents;
using FedPlatform.Learning.Federation;

namespace FedPlatform.Agent.Running;

/// <summary>
/// What the run has been told, from whichever way it came. Orders only grow: go on &lt; pause &lt; stop, so that an old answer
/// that arrives late cannot take one back; being fenced beats everything.
/// </summary>
public sealed class RunOrders
{
    private readonly TaskCompletionSource _fenced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _order;
    private volatile string? _fence;

    /// <summary>The strongest order so far.</summary>
    /// <exception cref="FencedException">Another process holds the run.</exception>
    public RunOrder Current => _fence is { } reason ? throw new FencedException(reason) : (RunOrder)Volatile.Read(ref _order);

    /// <summary>Why nothing counts any more, or null.</summary>
    public string? Fence => _fence;

    /// <summary>Completes when the run has been fenced.</summary>
    public Task Fenced => _fenced.Task;

    /// <summary>True when the order is new and stronger than all before.</summary>
    public bool Give(RunOrder order)
    {
        int before;
        while ((before = Volatile.Read(ref _order)) < (int)order)
        {
            if (Interlocked.CompareExchange(ref _order, (int)order, before) == before) return true;
        }

        return false;
    }

    public void FenceOff(string reason)
    {
        _fence ??= reason;
        _fenced.TrySetResult();
    }
}
