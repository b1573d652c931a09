using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Federation;

/// <summary>
/// Length and direction of client updates: ‖θ_k − θ‖ over the uploaded weights, and the cosine with the mean update. The cosine needs
/// every update once more after the mean is known; beyond <see cref="Exact"/> clients it is taken over every s-th weight,
/// s = ⌈m/<see cref="Exact"/>⌉, so that memory does not grow with the number of clients.
/// </summary>
public sealed class UpdateGeometry : IDisposable
{
    /// <summary>Clients a round up to which the cosine is over all weights.</summary>
    public const int Exact = 32;

    private readonly Tensor start, delta, samples;
    private readonly long from, length, stride;
    private readonly List<(int Client, double Norm)> updates = [];

    /// <param name="global">The model that the clients began with, upload-shaped.</param>
    /// <param name="from">First learned weight.</param>
    /// <param name="length">P, learned weights.</param>
    /// <param name="clients">m, updates to come.</param>
    public UpdateGeometry(Tensor global, long from, long length, int clients)
    {
        (this.from, this.length, stride) = (from, length, (clients + Exact - 1) / Exact);
        using DisposeScope scope = NewDisposeScope();
        start = global.narrow(0, from, length).DetachFromDisposeScope();

        // One buffer for all: many small tensors kept among large passing ones would tear the heap apart.
        delta = empty(length, device: global.device).DetachFromDisposeScope();
        samples = empty(clients, (length + stride - 1) / stride, device: global.device).DetachFromDisposeScope();
    }

    public void Add(int client, Tensor upload)
    {
        using DisposeScope scope = NewDisposeScope();
        Measure(upload);
        samples[updates.Count].copy_(Sample());
        updates.Add((client, delta.norm().item<float>()));
    }

    /// <summary>(norm, cosine) a client, once the mean is known.</summary>
    public IReadOnlyDictionary<int, (double Norm, double Cosine)> Against(Tensor mean)
    {
        using DisposeScope scope = NewDisposeScope();
        Measure(mean);
        Tensor direction = Sample().clone();
        double size = direction.norm().item<float>();
        return updates.Select((u, i) =>
        {
            using DisposeScope inner = NewDisposeScope();
            double product = size * samples[i].norm().item<float>();
            return (u.Client, u.Norm, Cosine: product > 0 ? Math.Clamp(samples[i].dot(direction).item<float>() / product, -1, 1) : 0);
        }).ToDictionary(u => u.Client, u => (u.Norm, u.Cosine));
    }

    public void Dispose()
    {
        start.Dispose();
        delta.Dispose();
        samples.Dispose();
    }

    private void Measure(Tensor upload)
    {
        delta.copy_(upload.narrow(0, from, length));
        delta.sub_(start);
    }

    private Tensor Sample() => stride == 1 ? delta : delta.slice(0, 0, length, stride);
}
