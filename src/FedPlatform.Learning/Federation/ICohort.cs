using static TorchSharp.torch;

namespace FedPlatform.Learning.Federation;

/// <summary>What a round asks of its clients.</summary>
/// <param name="Round">1-based.</param>
/// <param name="Clients">Sampled clients that hold data, ascending.</param>
/// <param name="Global">The server's model, upload-shaped; not changed while the round runs.</param>
public sealed record RoundTask(int Round, IReadOnlyList<int> Clients, Tensor Global);

/// <summary>What one client sends back, with what a simulation also knows. The upload holds no private head: its length says so.</summary>
public sealed class ClientUpdate : IDisposable
{
    private readonly Action release;

    internal ClientUpdate(Action release) => this.release = release;

    public required int Client { get; init; }

    /// <summary>n_k.</summary>
    public required int Samples { get; init; }

    /// <summary>[upload] BatchNorm statistics, θ_k, shared heads.</summary>
    public required Tensor Upload { get; init; }

    /// <summary>Mean training loss of the objective that trains the backbone.</summary>
    public required double Loss { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Gives the upload's memory back.</summary>
    public void Dispose() => release();
}

/// <summary>Where clients run: worker threads here, machines elsewhere, or a mix. Algorithms and the round loop never know.</summary>
public interface ICohort : IDisposable
{
    /// <summary>
    /// Trains the task's clients and yields their updates in ascending client order as they become available, so that whoever
    /// folds them needs to keep few. Disposing the enumerator abandons the rest.
    /// </summary>
    IEnumerable<ClientUpdate> Train(RoundTask task, Action<long, int> progress, CancellationToken cancellationToken);
}
