namespace FedPlatform.Agent.Attached;

/// <summary>
/// The web host holds the other end of our standard input: when it closes, the host is gone and nobody can hold the lease
/// for this process any more.
/// </summary>
public static class ParentWatch
{
    /// <summary>Calls <paramref name="gone"/> once, from its own thread, when <paramref name="input"/> ends.</summary>
    public static void Start(Stream input, Action gone)
    {
        new Thread(() =>
        {
            byte[] buffer = new byte[256];
            try
            {
                while (input.Read(buffer) > 0)
                {
                }
            }
            catch (IOException)
            {
                // A broken pipe says the same.
            }

            gone();
        })
        { Name = "parent watch", IsBackground = true }.Start();
    }
}
