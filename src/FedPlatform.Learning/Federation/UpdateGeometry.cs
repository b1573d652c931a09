using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Federation;

/// <summary>
/// Length and direction of client updates: ‖θ_k − θ‖ over the uploaded weights, and the cosine with the mean update. The cosine needs
/// every update once more after the mean is known; beyond <see cref="Exact"/> clients it is taken over every s-th weight,
/// s = ⌈m/<see cref="Exact"/>⌉, so that memory does not grow with the number of clients.
/// </summary>
public sealed class UpdateGeometry(Tensor global, long from, long length, int clients) : IDisposable
{
    /// <summary>Clients a round up to which the cosine is over all weights.</summary>
    public const int Exact = 64;

    private readonly long stride = (clients + Exact - 1) / Exact;
    private readonly Dictionary<int, (double Norm, Tensor Sample)> updates = [];

    public void Add(int client, Tensor upload)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor delta = Delta(upload);
        updates[client] = (delta.norm().item<float>(), Sample(delta).clone().DetachFromDisposeScope());
    }

    /// <summary>(norm, cosine) a client, once the mean is known.</summary>
    public IReadOnlyDictionary<int, (double Norm, double Cosine)> Against(Tensor mean)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor direction = Sample(Delta(mean));
        double length = direction.norm().item<float>();
        return updates.ToDictionary(u => u.Key, u =>
        {
            double product = length * u.Value.Sample.norm().item<float>();
            return (u.Value.Norm, product > 0 ? Math.Clamp(u.Value.Sample.dot(direction).item<float>() / product, -1, 1) : 0);
        });
    }

    public void Dispose()
    {
        foreach ((_, Tensor sample) in updates.Values) sample.Dispose();
    }

    private Tensor Delta(Tensor upload) => upload.narrow(0, from, length) - global.narrow(0, from, length);

    private Tensor Sample(Tensor delta) => stride == 1 ? delta : delta.slice(0, 0, length, stride).contiguous();
}
